"""A resolver of our own making for tests of the tracker, and names for it: everything in the clock of the test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import trio

from tipd.model.dns import A, Answer, Outcome, Route, text_name
from tipd.model.flux import KnownName, State
from tipd.model.tlp import Tlp
from tipd.net.resolver.pending import Full

START = datetime(2026, 11, 22, tzinfo=UTC)
T0 = START.timestamp()


def packed(*addresses: str) -> bytes:
    """Pack IPv4 addresses as answers hold them."""
    return b"".join(sorted(bytes(int(part) for part in address.split(".")) for address in set(addresses)))


def has(*addresses: str, ttl: int = 60, **more: object) -> Answer:
    """Answer with addresses."""
    return Answer(Outcome.NOERROR, rdata=packed(*addresses), ttl=ttl, server="192.0.2.53:53", **more)


def known(number: int, name: str = "", **more: object) -> KnownName:
    """Make a name as the store loads it: a candidate that was never asked for."""
    told: dict = {
        "id": number,
        "name": name or f"host{number}.example.org",
        "apex": "example.org",
        "state": State.CANDIDATE,
        "tags": (),
        "tlp": Tlp.GREEN,
        "revision": 1,
        "due": 0.0,
        "ttl": 0,
        "samples": 0,
        "last_sample": 0.0,
        "memo": b"",
    }
    return KnownName(**(told | more))


class FakeResolver:
    """Answers after `latency` what `script(name, nth)` says, `nth` counted per name from 0; None: never.

    `questions`: (moment by trio's clock, name, type, route) of all that were asked.
    """

    configured = True

    def __init__(self, script: Callable[[str, int], Answer | None], latency: float = 0.01, window: int = 1000) -> None:
        self.script = script
        self.latency = latency
        self.window = window
        self.questions: list[tuple[float, str, int, Route]] = []
        self.flying = 0
        self._counts: dict[tuple[str, int], int] = {}
        self._nursery: trio.Nursery | None = None
        self._room = trio.Event()

    @property
    def room(self) -> int:
        return self.window - self.flying

    async def wait_room(self) -> None:
        await trio.lowlevel.checkpoint()
        while self.room < 1:
            self._room = trio.Event()
            await self._room.wait()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def submit(self, name, rtype, token, done, *, route=Route.RESOLVERS, apex="") -> None:
        if self.room < 1:
            raise Full("no room")
        text = text_name(name)
        nth = self._counts.get((text, rtype), 0)
        self._counts[text, rtype] = nth + 1
        self.questions.append((trio.current_time(), text, rtype, route))
        self.flying += 1
        answer = self.script(text, nth) if rtype == A else Answer(Outcome.NODATA, ttl=60)
        self._nursery.start_soon(self._answer, token, done, answer)

    async def _answer(self, token, done, answer) -> None:
        await trio.sleep(self.latency)
        self.flying -= 1
        self._room.set()
        if answer is not None:
            done(token, answer)

    def times(self, name: str, rtype: int = A) -> list[float]:
        """When a name was asked for."""
        return [at for at, asked, kind, _ in self.questions if asked == name and kind == rtype]


class FakeTable:
    """Says that 10 addresses in a row are one AS, by their third and fourth byte."""

    def __len__(self) -> int:
        return 1

    def of_packed(self, addresses: bytes) -> tuple[int, ...]:
        places = range(0, len(addresses), 4)
        return tuple(64500 + addresses[at + 2] * 256 + addresses[at + 3] // 10 for at in places)


class FakeAsns:
    table = FakeTable()
