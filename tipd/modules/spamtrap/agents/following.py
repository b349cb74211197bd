"""One agent, followed for good: pulled at once, whenever it announces something, and every so often besides."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from tipd.agent.chain import ChainError
from tipd.config import duration
from tipd.errors import StoreAway, TryAgain, WorkerFailed
from tipd.modules.spamtrap import states
from tipd.modules.spamtrap.agents import noting
from tipd.modules.spamtrap.agents.folder import FolderOrigin
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.origin import AwayError
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.net.kept import Endpoint, Kept
from tipd.net.request import FetchError
from tipd.nursery.backoff import Backoff
from tipd.nursery.bell import Bell
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tipd.agent.protocol import Manifest
    from tipd.modules.spamtrap.agents.needs import Ground
    from tipd.modules.spamtrap.agents.origin import Origin
    from tipd.modules.spamtrap.agents.pulling import Progress
    from tipd.modules.spamtrap.settings import AgentSource

REFUSED = "refused"  # state of a source
BEHIND = 1.0  # seconds between two announcements that are acted upon: sealing may come in bursts
AGAIN_LEAST, AGAIN_MOST = 1.0, 300.0  # seconds until an agent that is away is asked again
STORE_PAUSE = 2.0
SETTLE_EVERY = 60.0  # seconds: that it still answers is written down no more often
WAY = "`tipd-agent enroll` on the mail host prints it"


class Following:
    """One agent's task. `poke` has it look at once."""

    def __init__(
        self,
        ground: Ground,
        source: AgentSource,
        *,
        mark: Callable[[Sequence[Manifest]], Awaitable[None]],
        on_kept: Callable[[str, int], Awaitable[None]],
        show: Callable[[str, dict[str, Any]], None],
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        """`mark`, `on_kept` as of a pull; `show(name, facts)` for the status page; `ready` waits while paused."""
        self._ground = ground
        self._source = source
        self._mark = mark
        self._on_kept = on_kept
        self._show = show
        self._ready = ready
        self._bell = Bell()
        self._backoff = Backoff(AGAIN_LEAST, AGAIN_MOST, ground.rng)
        self._state = states.NEW
        self._settled = -SETTLE_EVERY
        self._failures = 0
        self._known = 0  # the highest number heard of or taken
        self._pull: Pull | None = None

    def poke(self) -> None:
        """Have it look at once; from trio's thread."""
        self._bell.ring()

    async def run(self) -> None:
        """Follow until cancelled; raises only what nobody expected."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(noting.keep, self._ground, self._source, self._progress)
            await self._follow()

    async def _follow(self) -> None:
        origin = await self._open()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch, origin)
                while True:
                    await self._ready()
                    pause = await self._look(origin)
                    await self._bell.wait(pause)
        finally:
            with trio.CancelScope(shield=True):
                await origin.aclose()

    def _progress(self) -> Progress | None:
        return None if self._pull is None else self._pull.progress

    async def _open(self) -> Origin:
        """Return where its versions come from; waits where the settings cannot be used (a fault is shown)."""
        source, ground = self._source, self._ground
        if source.push:
            return FolderOrigin(ground.inbox / source.name, ground.clock, source.view, source.agent, bury=True)
        if source.path:
            return FolderOrigin(_folder(source.path), ground.clock, source.view, source.agent)
        endpoint = Endpoint(
            url=source.url,
            token_file=_path(source.token_file),
            ca_file=_path(source.ca_file),
            client_cert_file=_path(source.client_cert_file),
            client_key_file=_path(source.client_key_file),
            allow_networks=source.allow_networks,
            way=WAY,
        )
        while True:
            try:
                return HttpsOrigin(Kept(ground.tools, endpoint))
            except FetchError as error:
                await self._settle(error.state, str(error))
                await trio.sleep(AGAIN_MOST)

    async def _look(self, origin: Origin) -> float:
        """Take all there is; return after how many seconds to look again."""
        if self._pull is None:
            self._pull = Pull(self._ground, self._source, origin, self._mark, self._on_kept)
        try:
            await self._pull.all()
        except StoreAway:
            self._pull = None
            return STORE_PAUSE
        except TryAgain as error:
            self._ground.log.info("taken elsewhere meanwhile", agent=self._source.name, why=str(error))
            self._pull = None
            return BEHIND
        except Refusal as refusal:
            return await self._refused(refusal)
        except AwayError as error:
            return await self._failed(error.state, str(error))
        except (WorkerFailed, OSError, ChainError) as error:
            self._pull = None
            return await self._failed(states.DAMAGED, f"{type(error).__name__}: {error}")
        return await self._done(self._pull.progress)

    async def _done(self, progress: Progress) -> float:
        self._backoff.reset()
        self._failures = 0
        self._known = max(progress.last, progress.last_there)
        self._tell(progress)
        await self._settle(states.OK, None)
        return duration(self._source.every).total_seconds()

    async def _refused(self, refusal: Refusal) -> float:
        """Tell what was refused; the agent is asked again at its time: what it says may be mended there."""
        progress = self._pull.progress if self._pull else None
        view = (progress.view if progress else "") or self._source.view
        self._ground.log.warning(
            "refused", agent=self._source.name, number=refusal.number, reason=refusal.reason, why=refusal.detail
        )
        try:
            await self._ground.store.spam.refused(
                self._source.name, view, refusal.number, refusal.reason, refusal.detail
            )
        except StoreAway:
            return STORE_PAUSE
        if progress is not None:
            self._tell(progress, refused=refusal.reason, why=refusal.detail)
        self._pull = None
        await self._settle(REFUSED, f"{refusal.reason}: {refusal.detail}")
        return duration(self._source.every).total_seconds()

    async def _failed(self, state: str, why: str) -> float:
        self._failures += 1
        self._ground.log.info("cannot be asked", agent=self._source.name, state=state, why=why)
        self._show(self._source.name, {"state": state, "why": why})
        await self._settle(state, why)
        return min(self._backoff.next() + AGAIN_LEAST, duration(self._source.every).total_seconds())

    def _tell(self, progress: Progress, **more: Any) -> None:
        facts = {
            "view": progress.view,
            "last": progress.last,
            "last_there": progress.last_there,
            "mails": progress.mails,
            "versions": progress.versions,
        }
        self._show(self._source.name, facts | more)

    async def _settle(self, state: str, why: str | None) -> None:
        """Write down how it is, where that changed or was long ago; a store that is away is told the next time."""
        now = trio.current_time()
        if state == self._state and now - self._settled < SETTLE_EVERY:
            return
        try:
            row = await self._ground.store.sources.get(self._source.name)
            if row is None:
                return
            at = self._ground.clock.now()
            outcome = Outcome(
                state=state,
                at=at,
                due=at + timedelta(seconds=duration(self._source.every).total_seconds()),
                failures=self._failures,
                error=why,
                confirmed=state == states.OK,
            )
            told = states.findings_of_change(self._source.name, row.state, state, why)
            await self._ground.store.sources.settle(row.id, outcome, told)
        except StoreAway:
            return
        self._state, self._settled = state, now

    async def _watch(self, origin: Origin) -> None:
        """Listen to announcements; where they cannot be heard, the times to look remain."""
        backoff = Backoff(AGAIN_LEAST, AGAIN_MOST, self._ground.rng)
        heard = False

        def told(last: int) -> None:
            nonlocal heard
            heard = True
            backoff.reset()
            if last == 0 or last > self._known:
                self._bell.ring()

        while True:
            began = trio.current_time()
            try:
                await origin.watch(told)
            except AwayError as error:
                self._ground.log.debug("no announcements", agent=self._source.name, why=str(error))
            if heard:  # they broke off: we may have been put out, or it may be down
                heard = False
                self._bell.ring()
            if trio.current_time() - began > AGAIN_MOST:
                backoff.reset()
            await trio.sleep(backoff.next() + AGAIN_LEAST)


def _folder(text: str) -> Path:
    return Path(text).expanduser()


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None
