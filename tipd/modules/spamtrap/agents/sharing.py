"""`[sharing]`: what agents gave is served on to peers of our own, as far as its manifests allow; and others push to us.

Origin, signature and licence stay: peers get the agent's own manifests below `/{agent}/v1/…`, and verify them with the
agent's key, not with ours. Peers stand in `sharing/peers.json` of the state directory (`tipd sharing enroll`).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tipd.agent.chain import Chain
from tipd.agent.inbox import Inbox
from tipd.agent.listening import Keys, listen
from tipd.agent.peers import Peers
from tipd.agent.server import Server
from tipd.agent.shelf import ManyAgents
from tipd.errors import ConfigError, Unavailable
from tipd.model.tlp import tlp_of
from tipd.modules.spamtrap.agents.forgetting import looked
from tipd.modules.spamtrap.agents.onward import Onward
from tipd.modules.spamtrap.agents.proofs import ASIDE, OWED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.agent.shelf import Readable
    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.modules.spamtrap.settings import AgentSource, SharingSettings

FOLDER = "sharing"
PEERS = "peers.json"
RETRY = 10.0  # seconds until an address in use is tried again


class Sharing:
    """The listener of one daemon. `kept` tells it that a chain has grown."""

    def __init__(
        self,
        settings: SharingSettings,
        agents: Sequence[AgentSource],
        *,
        state_dir: Path,
        root: Path,
        inbox: Path,
        clock: Clock,
        log: Log,
        pushed: Callable[[str], object],
    ) -> None:
        """`root`: where pulled chains lie; `pushed(agent)`: somebody brought a version."""
        self._settings = settings
        self._log = log
        self._root = root
        wanted = [one for one in agents if not settings.agents or one.name in settings.agents]
        self._names = [one.name for one in wanted if one.enabled and settings.enabled]  # else only the inbox is open
        self._chains: dict[tuple[str, str], Onward] = {}
        self._shelf: dict[tuple[str, str], Readable] = {}
        peers = Peers(peers_file(state_dir))
        takes = any(one.push for one in agents)
        self.inbox = Inbox(inbox, lambda agent, _view, _n: pushed(agent)) if takes else None
        self._server = Server(ManyAgents(self._shelf), peers, clock=clock, log=log, inbox=self.inbox)

    async def run(self) -> None:
        """Serve until cancelled; an address in use is tried again, settings that cannot be used are told."""
        await trio.to_thread.run_sync(self._load)
        keys = _keys(self._settings)
        while True:
            try:
                listeners = listen(self._settings.listen, keys, key="[sharing] listen")
            except (ConfigError, Unavailable) as error:
                self._log.error("sharing waits", why=str(error))
                await trio.sleep(RETRY)
                continue
            self._log.info("sharing", listen=self._settings.listen, agents=self._names)
            await self._server.serve(listeners)

    def _load(self) -> None:
        """Show what lies here from before."""
        for name in self._names:
            with suppress(OSError):
                for folder in (self._root / name).iterdir():
                    # Where lines are still to be removed nothing is shown before they are.
                    if folder.is_dir() and ASIDE not in folder.name.split(".") and not (folder / OWED).exists():
                        self._show(name, folder.name, looked(folder))

    def _show(self, name: str, view: str, upto: int | None) -> None:
        key = (name, view)
        onward = self._chains.get(key)
        if onward is None:
            onward = self._chains[key] = Onward(Chain(self._root / name / view), tlp_of(self._settings.tlp))
        onward.show(10**12 if upto is None else upto)
        if onward.allowed:
            self._shelf[key] = onward
        else:
            self._shelf.pop(key, None)

    async def kept(self, name: str, view: str, upto: int) -> None:
        """Show versions up to this one, and announce them."""
        if name in self._names:
            await trio.to_thread.run_sync(self._show, name, view, upto)
            self._server.announce(name, view)


def _keys(settings: SharingSettings) -> Keys | None:
    if not settings.tls_cert_file:
        return None
    return Keys(Path(settings.tls_cert_file).expanduser(), Path(settings.tls_key_file).expanduser())


def peers_file(state_dir: Path) -> Path:
    """Return where the peers of `[sharing]` stand."""
    return state_dir / FOLDER / PEERS
