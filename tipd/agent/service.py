"""`tipd-agent run`: the host's loop, and the listener beside it."""

from __future__ import annotations

import signal
import sqlite3
from typing import TYPE_CHECKING

import trio

from tipd.agent import loop, metrics, notify
from tipd.agent.chain import ChainError
from tipd.agent.checking import keys_of
from tipd.agent.enroll import PEERS, audit_of
from tipd.agent.host import Host
from tipd.agent.listening import listen
from tipd.agent.mails import RawMails
from tipd.agent.peers import Peers
from tipd.agent.server import Server
from tipd.agent.shelf import OneAgent
from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.agent.settings import AgentConfig
    from tipd.clock import Clock
    from tipd.log import Log


async def run(config: AgentConfig, clock: Clock, log: Log) -> None:
    """Run until SIGTERM or SIGINT; raises ConfigError, TryAgain (another agent has the state folder), Unavailable."""
    host = Host(config, clock, log)
    try:
        listeners = listen(config.agent.listen, keys_of(config))
        peers = Peers(config.state_dir / PEERS)
        working: list[loop.Agent] = []
        server = _server(host, peers, working)
        _add_views(host, peers, set())
        host.sealer.on_sealed(lambda view, _n: server.announce(config.name, view))
        async with trio.open_nursery() as nursery:
            with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                await nursery.start(lambda task_status: server.serve(listeners, task_status=task_status))
                working.append(await nursery.start(loop.run, host))
                nursery.start_soon(notify.keep_awake)
                log.info("the agent runs", name=config.name, listen=config.agent.listen, views=sorted(host.chains))
                notify.tell("READY=1")
                async for _ in signals:
                    break
                notify.tell("STOPPING=1")
                nursery.cancel_scope.cancel()
    finally:
        host.close()


def _server(host: Host, peers: Peers, working: list[loop.Agent]) -> Server:
    """Return the listener of a host; `working` holds its loop once that runs."""
    config = host.config
    said: set[str] = set()

    def page() -> bytes:
        return metrics.text(_figures(host, peers, server, working))

    server = Server(
        OneAgent(config.name, host.chains),
        peers,
        clock=host.clock,
        log=host.log,
        mails=RawMails(host.raw, audit_of(config, host.clock)),
        metrics=page,
        on_look=lambda: _add_views(host, peers, said),
    )
    return server


def _add_views(host: Host, peers: Peers, said: set[str]) -> None:
    """Seal what peers are to be given, from now on; `said`: what was logged of what cannot be."""
    for view in sorted(peers.views() - host.chains.keys()):
        try:
            host.add_view(view)
        except (ConfigError, ChainError, OSError, sqlite3.Error) as error:
            if str(error) not in said:
                host.log.error("a peer's view cannot be sealed", view=view, error=str(error))
            said.add(str(error))


def _figures(host: Host, peers: Peers, server: Server, working: list[loop.Agent]) -> Iterator[metrics.Figure]:
    yield metrics.Figure("up", "the agent runs", 1)
    for agent in working:
        yield from metrics.of_loop(agent)
    yield from metrics.of_chains(host.chains)
    yield from metrics.of_peers(peers, host.chains)
    yield from metrics.of_server(server)
