"""What the modules ask: look-ups through the configured resolvers, one at a time or many.

Names from lists and spam are a hint to whoever sees the questions: only resolvers that the configuration names are
asked, never the system's (`configured` is False then, and who would ask waits).
"""

from __future__ import annotations

import contextlib
import os
import random
from typing import TYPE_CHECKING, Any

import trio

from tipd.model.dns import Answer, Outcome, Route, wire_name
from tipd.net.resolver.authority import Authority
from tipd.net.resolver.engine import Engine
from tipd.net.resolver.pending import DEADLINE, Full, Plan
from tipd.net.resolver.policy import Policy
from tipd.net.resolver.upstream import Upstream
from tipd.net.settings import name_servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.net.resolver.pending import Done
    from tipd.net.settings import NetSettings

_AUTHORITY = Route.AUTHORITY
NO_RESOLVER = "no resolver is named in [net] resolvers"
SOONER = 0.05  # seconds by which the engine ends a question before the caller's patience does, to tell why
NO_ROOM = "no server had room within the deadline"


class Resolver:
    """The engine and its plan. Resource handling: sockets are open only while `run` runs."""

    def __init__(self, settings: NetSettings, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
        """`settings` are those of `[net]`; raises ValueError, which names the key, where a text cannot be used."""
        policy = Policy(settings.policy_zones, settings.walled_gardens)
        self.engine = Engine(policy, entropy=entropy)
        self.authority = Authority.build(self.engine, policy, settings, random.Random(entropy(8)))  # noqa: S311  # servers' order
        rate, most = float(settings.queries_per_second), settings.queries_in_flight
        self._upstreams = tuple(
            Upstream(address, port, rate=rate, most=most) for address, port in name_servers(settings.resolvers)
        )
        self._plan = Plan(upstreams=self._upstreams)

    @property
    def configured(self) -> bool:
        """Return whether resolvers are named in the configuration."""
        return bool(self._upstreams)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the engine until cancelled; questions under way then end as TIMEOUT."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.engine.run)
            await self.authority.run(task_status=task_status)

    @property
    def room(self) -> int:
        """Return how many questions it would take now; 0 where it does not run."""
        return self.engine.room(self._plan)

    async def wait_room(self) -> None:
        """Return when it would take at least one question."""
        await self.engine.wait_room(self._plan)

    def submit(
        self, name: bytes, rtype: int, token: Any, done: Done, *, route: Route = Route.RESOLVERS, apex: str = ""
    ) -> None:
        """Ask for a name in wire form (`model.dns.wire_name`); never blocks.

        `done(token, answer)` is called once, in the engine's task: it must be quick and not raise, and may submit
        again. Raises Full where `room` is 0, or, for the zones' own servers, where too many names are on their way.
        `apex`: the name's registrable domain, whose servers are then found once for all its names.
        """
        if route is _AUTHORITY:
            self.authority.submit(name, rtype, token, done, apex=apex)
            return
        self.engine.put(self._plan, name, rtype, token, done)

    async def query(
        self, name: str, rtype: int, *, route: Route = Route.RESOLVERS, deadline: float = DEADLINE
    ) -> Answer:
        """Ask for one name, waiting for room; trouble with the DNS is an outcome, never an exception.

        Raises ValueError where the name is none (`model.dns.wire_name`). `deadline`: seconds, for waiting and asking.
        """
        wire = wire_name(name)
        if not self.configured and route is Route.RESOLVERS:
            await trio.lowlevel.checkpoint()
            return Answer(Outcome.TIMEOUT, why=NO_RESOLVER)
        answers: list[Answer] = []
        ended = trio.Event()

        def done(_token: Any, answer: Answer) -> None:
            answers.append(answer)
            ended.set()

        until = trio.current_time() + deadline
        with trio.move_on_at(until):
            if route is Route.AUTHORITY:
                await self._straight(wire, rtype, done, until)
            else:
                await self._put(wire, rtype, done, until)
            await ended.wait()
        return answers[0] if answers else Answer(Outcome.TIMEOUT, why=NO_ROOM)

    async def _put(self, wire: bytes, rtype: int, done: Done, until: float) -> None:
        while True:
            await self.engine.wait_room(self._plan)
            plan = Plan(upstreams=self._upstreams, seconds=until - SOONER - trio.current_time())
            with contextlib.suppress(Full):  # another took the room
                self.engine.put(plan, wire, rtype, None, done)
                return

    async def _straight(self, wire: bytes, rtype: int, done: Done, until: float) -> None:
        await self.authority.wait_room()
        self.authority.submit(wire, rtype, None, done, seconds=until - SOONER - trio.current_time())

    def facts(self) -> dict[str, Any]:
        """Return what an operator wants to see, per upstream, and of the zones' own servers in all."""
        return {
            "resolvers": [upstream.facts() for upstream in self._upstreams],
            "authority": self.authority.facts(),
        }
