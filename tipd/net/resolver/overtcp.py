"""Questions that go over TCP: some at once, some that wait, and no more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import trio

from tipd.model.dns import Answer, Outcome
from tipd.net.resolver import tcp, wire

if TYPE_CHECKING:
    from tipd.net.resolver.course import Course
    from tipd.net.resolver.pending import Pending
    from tipd.net.resolver.upstream import Upstream

AT_ONCE = 32
MOST = 512  # with those that wait
AT_ONE = 8  # of these, at one server that no operator named: one that trickles must not hold up all others
TRY = 5.0  # seconds for one server
_TRUNCATED = 0x02  # in the third byte


class OverTcp:
    """Asks over TCP in the engine's nursery."""

    def __init__(self) -> None:
        self.nursery: trio.Nursery | None = None
        self.course: Course
        # Apart: nothing that zones' own servers do holds up what goes through the operator's resolvers.
        self._limiters = {recursion: trio.CapacityLimiter(AT_ONCE) for recursion in (False, True)}
        self._straight: Counter[str] = Counter()
        self._under_way: dict[int, Pending] = {}

    def __call__(self, pending: Pending, upstream: Upstream) -> bool:
        """Begin to ask; return False where too much is under way."""
        if id(pending) in self._under_way:  # a former try's answer came, cut as well
            return True
        if self.nursery is None or len(self._under_way) >= MOST:
            return False
        if not pending.plan.recursion:
            if self._straight[upstream.name] >= AT_ONE:
                return False
            self._straight[upstream.name] += 1
        self._under_way[id(pending)] = pending
        self.nursery.start_soon(self._ask, pending, upstream)
        return True

    def clear(self) -> list[Pending]:
        """Take out and return what is under way."""
        found = [pending for pending in self._under_way.values() if not pending.ended]
        self._under_way.clear()
        return found

    async def _ask(self, pending: Pending, upstream: Upstream) -> None:
        noise = self.course.noise(2 + len(pending.name))
        question = wire.mixed(pending.name, noise[2:]) + wire.kind(pending.rtype)
        edns = upstream.edns and not pending.plain
        head = wire.head(recursion=pending.plan.recursion, edns=edns)
        packet = noise[:2] + head + question + (wire.EDNS if edns else b"")
        answer, trouble = b"", "over TCP: no answer in time"
        with trio.move_on_at(pending.deadline):
            async with self._limiters[pending.plan.recursion]:
                with trio.move_on_after(TRY):
                    try:
                        answer = await tcp.exchange(upstream.address, upstream.port, packet)
                    except OSError as error:
                        trouble = f"over TCP: {error}"[:200]
        if not pending.plan.recursion:
            self._straight -= Counter((upstream.name,))  # leaves no zeros behind
        if self._under_way.pop(id(pending), None) is None or pending.ended:
            return
        now = trio.current_time()
        ours = answer[:2] == packet[:2] and len(answer) >= 12 and _repeats(answer, question)
        if ours and not answer[2] & _TRUNCATED:
            if pending.softened:
                upstream.answered += 1
            if not answer.startswith(question, 12):
                upstream.case_was_lost(now, proven=True)
            self.course.read(upstream, pending, answer, now)
            return
        if pending.softened:
            upstream.case_was_lost(now)
        if answer:
            trouble = f"over TCP: {'a cut answer' if ours else 'an answer to another question'}"
        self.course.failed_over_tcp(pending, Answer(Outcome.TIMEOUT, server=upstream.name, why=trouble), now)


def _repeats(answer: bytes, question: bytes) -> bool:
    """Return whether it is a response with our question; over TCP nobody forges, so case does not matter."""
    return (
        answer[2] & 0xF8 == 0x80
        and answer[4:6] == b"\0\1"
        and answer[12 : 12 + len(question)].lower() == question.lower()
    )
