"""What is due, among what is in flight and what is parked."""

from types import SimpleNamespace
from typing import Any

from tipd.net.resolver.pending import NEVER, Pending, Plan
from tipd.net.resolver.timers import Timers

PLAN = Plan(upstreams=())


def pending(token: int, due: float, deadline: float = 100.0) -> Pending:
    return Pending(b"\0", 1, token, print, PLAN, deadline, due=due)


def sockets(*flights: list[Pending]) -> list[Any]:
    return [SimpleNamespace(flight={bytes((0, i)): each for i, each in enumerate(flight)}) for flight in flights]


def tokens(found: list[Pending]) -> list[int]:
    return [each.token for each in found]


def test_only_what_is_due_is_found() -> None:
    timers = Timers()
    open_ = sockets([pending(1, 5.0), pending(2, 7.0)], [pending(3, 1.0), pending(4, NEVER)])
    assert tokens(timers.due(open_, 5.0)) == [1, 3]
    assert tokens(timers.due(open_, 0.5)) == []


def test_what_is_parked_is_found_once_and_never_after_its_deadline() -> None:
    timers = Timers()
    first, second, ended = pending(1, 0.0), pending(2, 0.0, deadline=10.02), pending(3, 0.0)
    for each in (first, second, ended):
        timers.park(each, 10.0)
    ended.due = NEVER
    assert second.due == 10.02
    assert tokens(timers.due([], 10.03)) == [2]
    assert tokens(timers.due([], 10.06)) == [1]
    assert timers.parked == []


def test_clearing_gives_each_question_that_lives_once() -> None:
    timers = Timers()
    twice, parked = pending(1, 5.0), pending(2, 0.0)
    timers.park(parked, 0.0)
    timers.park(twice, 0.0)
    assert sorted(tokens(timers.clear(sockets([twice], [twice, pending(3, NEVER)])))) == [1, 2]
    assert timers.parked == []
