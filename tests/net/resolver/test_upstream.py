"""How much a server is asked, and what is learnt of it."""

import pytest

from tipd.net.resolver import wire
from tipd.net.resolver.upstream import (
    CASE_LOST_AFTER,
    CASE_LOST_FOR,
    FIRST,
    LEAST,
    LEAST_TIMEOUT,
    MOST_TIMEOUT,
    PLAIN_FOR,
    SHUT_FOR,
    Upstream,
)


def outcome(upstream: Upstream, now: float, *, answered: int = 0, lost: int = 0) -> float:
    upstream.answered += answered
    upstream.lost += lost
    upstream.adapt(now)
    return upstream.window


def test_names_of_servers() -> None:
    assert Upstream("192.0.2.1").name == "192.0.2.1:53"
    assert Upstream("2001:db8::1", 5353).name == "[2001:db8::1]:5353"


def test_the_window_doubles_until_something_is_lost_and_then_grows_slowly() -> None:
    upstream = Upstream("192.0.2.1")
    assert [outcome(upstream, now, answered=1000) for now in (1.0, 2.0, 3.0)] == [FIRST * 2, FIRST * 4, FIRST * 8]
    narrowed = outcome(upstream, 4.0, answered=75, lost=25)
    assert narrowed == FIRST * 6
    assert narrowed < outcome(upstream, 5.0, answered=1000) < narrowed * 1.1


def test_some_loss_is_the_networks() -> None:
    upstream = Upstream("192.0.2.1")
    for now in range(1, 20):
        outcome(upstream, float(now), answered=950, lost=50)
    assert upstream.window == upstream.most


def test_heavy_loss_leaves_a_few() -> None:
    upstream = Upstream("192.0.2.1")
    for now in range(1, 30):
        outcome(upstream, float(now), lost=100)
    assert upstream.window == LEAST
    assert Upstream("192.0.2.1", most=1).window == 1


def test_a_window_that_is_not_used_does_not_grow() -> None:
    upstream = Upstream("192.0.2.1")
    assert outcome(upstream, 1.0, answered=16) == FIRST * 2
    assert outcome(upstream, 2.0, answered=16) == FIRST * 2


def test_too_few_answers_say_nothing_yet() -> None:
    upstream = Upstream("192.0.2.1")
    assert outcome(upstream, 1.0, lost=3) == FIRST
    assert outcome(upstream, 2.0, lost=13) == FIRST / 2


def test_the_bucket_fills_with_time_and_holds_a_tenth_of_a_second() -> None:
    upstream = Upstream("192.0.2.1", rate=100.0)
    assert upstream.room(1.0) == 10
    upstream.tokens -= 10
    assert (upstream.room(1.0), upstream.spare(1.0)) == (0, False)
    assert upstream.room(1.05) == 5
    assert upstream.room(100.0) == 10
    assert upstream.spare(100.0)


def test_a_rate_below_one_a_bucket_still_asks() -> None:
    upstream = Upstream("192.0.2.1", rate=2.0)
    assert upstream.room(1.0) == 1
    upstream.tokens -= 1
    assert (upstream.room(1.4), upstream.room(1.6)) == (0, 1)


def test_room_is_what_the_window_leaves() -> None:
    upstream = Upstream("192.0.2.1", most=8)
    upstream.in_flight = 5
    assert upstream.room(0.0) == 3
    upstream.in_flight = 9
    assert (upstream.room(0.0), upstream.spare(0.0)) == (0, False)


def test_the_timeout_follows_the_round_trip_within_bounds() -> None:
    upstream = Upstream("192.0.2.1")
    upstream.measure(0.001)
    assert upstream.timeout == LEAST_TIMEOUT
    for _ in range(100):
        upstream.measure(0.8)
    assert 0.8 < upstream.timeout < 1.0
    for _ in range(100):
        upstream.measure(20.0)
    assert upstream.timeout == MOST_TIMEOUT


@pytest.mark.parametrize("recursion", [False, True])
def test_a_server_without_edns_is_asked_without_for_a_while(recursion: bool) -> None:
    upstream = Upstream("192.0.2.1")
    assert (upstream.tail, upstream.heads[recursion]) == (wire.EDNS, wire.head(recursion=recursion, edns=True))
    upstream.understand(edns=False, now=10.0)
    assert (upstream.tail, upstream.heads[recursion]) == (b"", wire.head(recursion=recursion, edns=False))
    upstream.adapt(10.0 + PLAIN_FOR - 1)
    assert not upstream.edns
    upstream.adapt(10.0 + PLAIN_FOR)
    assert upstream.edns and upstream.facts()["edns"]


def test_a_server_that_no_socket_leads_to_has_no_room_for_a_moment() -> None:
    upstream = Upstream("192.0.2.1")
    for now in (1.0, 1.1):
        upstream.shut(now)
        assert (upstream.room(now), upstream.spare(now)) == (0, False)
        upstream.adapt(now)
    assert upstream.room(1.1 + SHUT_FOR) == FIRST and upstream.spare(1.1 + SHUT_FOR)


def test_a_server_that_does_not_keep_the_case_is_known_after_some_questions_and_seen_anew() -> None:
    upstream = Upstream("192.0.2.1")
    for _ in range(CASE_LOST_AFTER - 1):
        upstream.case_was_lost(1.0)
    upstream.answered += 1  # one in the right case: the others were forged
    for _ in range(CASE_LOST_AFTER - 1):
        upstream.case_was_lost(1.0)
    assert upstream.keeps_case
    upstream.case_was_lost(1.0)
    upstream.adapt(CASE_LOST_FOR)
    assert not upstream.keeps_case
    upstream.adapt(1.0 + CASE_LOST_FOR)
    assert upstream.keeps_case
    upstream.case_was_lost(1.0, proven=True)
    assert not upstream.keeps_case
