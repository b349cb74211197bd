"""An engine that runs, and questions put to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from support.dns.responder import Responder
from tipd.model.dns import A, Answer, wire_name
from tipd.net.resolver.engine import Engine
from tipd.net.resolver.pending import Plan
from tipd.net.resolver.upstream import Upstream


@dataclass
class Told:
    """What `done` was told, in its order."""

    answers: list[tuple[Any, Answer]] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)
    _wanted: int = 0
    _enough: trio.Event = field(default_factory=trio.Event)

    def __call__(self, token: Any, answer: Answer, packet: bytes | None = None) -> None:
        self.answers.append((token, answer))
        if packet is not None:
            self.packets.append(packet)
        if len(self.answers) >= self._wanted:
            self._enough.set()

    async def wait(self, count: int) -> list[Answer]:
        """Wait for so many answers in all."""
        self._wanted, self._enough = count, trio.Event()
        if len(self.answers) < count:
            await self._enough.wait()
        return [answer for _token, answer in self.answers]


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[Engine]:
    async with trio.open_nursery() as nursery:
        await nursery.start(engine.run)
        yield engine
        nursery.cancel_scope.cancel()


def plan(*servers: Responder | Upstream, **more: Any) -> Plan:
    """Return a plan for these servers."""
    made = (each if isinstance(each, Upstream) else Upstream(each.address, each.port) for each in servers)
    return Plan(upstreams=tuple(made), **more)


async def asked(engine: Engine, by: Plan, name: str = "www.example.org", rtype: int = A) -> Answer:
    """Put one question and wait for its answer."""
    told = Told()
    engine.put(by, wire_name(name), rtype, None, told)
    (answer,) = await told.wait(1)
    return answer
