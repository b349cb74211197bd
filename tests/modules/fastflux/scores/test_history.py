"""What is remembered of look-ups: the same whichever way they are counted, and bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.looks import SMALL_ASNS, START, empty, look, looks

from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.history import EPOCH, History
from tipd.modules.fastflux.scores.holz import LONGEST, Holz, still
from tipd.modules.fastflux.scores.look import SINKHOLE, Look
from tipd.modules.fastflux.scores.spread import MOST

HOUR = 3600.0


def of(*found: Look) -> History:
    history = History()
    for each in found:
        history.add(each)
    return history


@settings(max_examples=40)
@given(looks(), st.randoms(use_true_random=False))
def test_the_order_of_look_ups_changes_no_union(found, rng) -> None:
    there = of(*found)
    shuffled = list(found)
    rng.shuffle(shuffled)
    back = of(*shuffled)
    assert there.spread.numbers == back.spread.numbers
    assert (there.spread.wide, there.spread.narrow) == (back.spread.wide, back.spread.narrow)
    assert there.spread.asns == back.spread.asns
    assert (there.looks, there.size, set(there.cnames)) == (back.looks, back.size, set(back.cnames))


@settings(max_examples=40)
@given(looks())
def test_the_same_answer_again_changes_no_score(found) -> None:
    history = of(*found)
    if history.shown is None or not history.shown.answered:
        return
    before = (len(history.spread), history.spread.entropy, history.spread.wide, history.growth.points())
    shown = history.shown
    again = Look(shown.at + 1000, shown.outcome, shown.addresses, shown.asns, ttl=shown.ttl)
    history.add(again)
    assert (len(history.spread), history.spread.entropy, history.spread.wide, history.growth.points()) == before
    window = history.add(Look(again.at + 600, again.outcome, again.addresses, again.asns, ttl=again.ttl))
    assert window == still(Look(again.at + 600, addresses=shown.addresses, asns=shown.asns), again.at)


@settings(max_examples=40)
@given(looks(), st.integers(2, 12))
def test_counted_at_once_is_as_counted_one_by_one(found, count) -> None:
    one, other = of(*found), of(*found)
    shown = one.shown
    if shown is None or not shown.answered or not shown.ttl:
        return
    for number in range(1, count + 1):
        at = shown.at + number * shown.ttl
        one.add(Look(at, shown.outcome, shown.addresses, shown.asns, b"", shown.ttl, cname=shown.cname))
    other.again(count, shown.at + count * shown.ttl)
    now = shown.at + count * shown.ttl
    assert one.features(now) == other.features(now)
    assert (one.flux, one.moved, one.stable) == (other.flux, other.moved, other.stable)
    assert (one.window and one.window.holz) == (other.window and other.window.holz)


@settings(max_examples=40)
@given(looks(), st.sampled_from((Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT, Outcome.POLICY)))
def test_what_says_nothing_of_the_name_changes_nothing(found, outcome) -> None:
    history = of(*found)
    before = history.pack()
    assert history.add(Look(START + 10**7, outcome, b"\0\0\0\1", (1,))) is None
    assert history.pack() == before


@settings(max_examples=40)
@given(looks(), looks())
def test_a_packed_history_goes_on_as_if_nothing_had_been(found, more) -> None:
    history = of(*found)
    history.add_ns(START, ("ns1.example", "ns2.example"), b"\0\0\0\1\0\0\0\2", (64500, 0))
    back = History.unpack(history.pack())
    later = found[-1].at
    for each in more:
        moved = Look(each.at + later - START, each.outcome, each.addresses, each.asns, ttl=each.ttl, cname=each.cname)
        assert back.add(moved) == history.add(moved)
    now = later + 10**6
    assert back.features(now) == history.features(now)
    assert back.pack() == history.pack()


def test_a_window_needs_two_look_ups_a_ttl_apart() -> None:
    history = of(look(START, range(10), SMALL_ASNS))
    assert history.add(look(START + 299, range(5, 15), SMALL_ASNS)) is None
    window = history.add(look(START + 300, range(8, 18), SMALL_ASNS))
    assert (window.first, window.second, window.holz) == (START, START + 300, Holz(18, 11))
    assert (history.windows, history.flux, history.moved) == (1, 1, 1)


def test_an_empty_answer_between_does_not_hide_a_window() -> None:
    history = of(look(START, range(10), SMALL_ASNS), empty(START + 300))
    assert history.add(look(START + 600, range(10, 20), SMALL_ASNS)).n_a == 20


def test_look_ups_days_apart_are_no_neighbours_and_old_windows_are_forgotten() -> None:
    history = of(look(START, range(10), SMALL_ASNS), look(START + 300, range(10, 20), SMALL_ASNS))
    assert history.flux == 1
    assert history.add(look(START + 601 + LONGEST, range(20, 30), SMALL_ASNS)) is None
    assert (history.flux, history.windows) == (0, 1)
    assert history.add(look(START + 901 + LONGEST, range(30, 40), SMALL_ASNS)) is not None


def test_unchanged_look_ups_over_days_are_neighbours() -> None:
    history = of(look(START, range(20), SMALL_ASNS))
    history.again(2000, START + 2000 * 300)
    assert (history.windows, history.flux, history.moved) == (2000, 0xFF, 0)
    assert history.window.holz == Holz(20, 11)
    assert history.window.second == START + 2000 * 300


def test_unchanged_look_ups_within_one_ttl_make_no_windows() -> None:
    history = of(look(START, range(20), SMALL_ASNS, ttl=86400))
    history.again(5, START + 5 * HOUR)
    assert history.windows == 0
    history.again(43, START + 48 * HOUR, 86400)
    assert history.windows == 2


def test_a_change_within_the_ttl_counts_when_it_is_over() -> None:
    history = of(look(START, range(10), SMALL_ASNS), look(START + 10, range(10, 20), SMALL_ASNS))
    assert history.windows == 0
    history.again(3, START + 910)
    assert history.moved & 0b111 == 0b100
    assert history.windows == 3


def test_a_long_ttl_that_became_a_short_one_holds_up_no_window() -> None:
    history = of(look(START, range(10), SMALL_ASNS, ttl=2**31 - 1), look(START + 60, range(10, 20), SMALL_ASNS, ttl=60))
    window = history.add(look(START + 120, range(20, 30), SMALL_ASNS, ttl=60))
    assert (window.first, window.n_a) == (START + 60, 20)
    counted = of(look(START, range(10), SMALL_ASNS, ttl=604800))
    counted.again(10, START + 36000, 300)
    assert counted.windows == 0
    assert counted.add(look(START + 36300, range(20, 30), SMALL_ASNS)).first == START + 36000


def test_an_answer_of_four_thousand_addresses_is_taken_in_bounded_room() -> None:
    history = of(look(START, range(4000), {}), look(START + 300, range(4000, 8000), {}))
    assert (history.window.n_a, len(history.spread), history.spread.cut) == (8000, MOST, 8000 - MOST)
    back = History.unpack(history.pack())
    assert back.anchor == history.anchor
    assert len(history.pack()) < 64_000


def test_away_and_back() -> None:
    history = of(look(START, range(5), SMALL_ASNS), empty(START + 300), empty(START + 600))
    history.again(4, START + 1800)
    assert (history.away, history.away_since, history.looks) == (6, START + 300, 1)
    history.add(look(START + 2100, range(5), SMALL_ASNS))
    assert (history.away, history.looks) == (0, 2)


def test_sinkholes_are_evidence_and_count_for_nothing() -> None:
    history = of(look(START, range(5), SMALL_ASNS), Look(START + 300, barred=SINKHOLE, ttl=300))
    assert (history.barred, history.away, history.looks, len(history.spread)) == (1, 1, 1, 5)
    history.again(2, START + 900)
    assert (history.barred, history.away) == (3, 3)


def test_rates_are_of_the_last_two_weeks_at_most() -> None:
    history = History()
    for day in range(15):
        history.add(look(START + day * 86400, [day], SMALL_ASNS, ttl=3600))
    assert history.features(START + 15 * 86400).per_look == pytest.approx(1.0, abs=0.1)
    history.again(24 * 30, START + 45 * 86400, 3600)
    found = history.features(START + 45 * 86400)
    assert (found.per_look, found.per_day) == (0.0, 0.0)
    assert found.distinct == 15


def test_what_came_on_the_first_day_counts_as_a_day() -> None:
    history = of(*(look(START + place * 300, [place, place + 1], SMALL_ASNS) for place in range(5)))
    found = history.features(START + 1500)
    assert found.per_day == 4.0
    assert found.per_look == pytest.approx(4 / 5)
    assert EPOCH > 86400


def test_room_is_bounded_whatever_comes() -> None:
    history = History()
    for place in range(2000):
        history.add(look(START + place * 300, range(place * 5, place * 5 + 5), {}, cname=f"c{place}.example"))
    assert len(history.spread) == MOST
    assert history.spread.cut == 2000 * 5 - MOST
    assert len(history.cnames) == 8
    assert len(history.growth.points()) <= 24
    assert len(history.pack()) < MOST * 5


def test_a_usual_name_is_packed_small() -> None:
    asns = {number * 7919 * 65536 % 2**32: 64500 + number % 12 for number in range(30)}
    pool = sorted(asns)
    history = of(*(look(START + place * 300, pool[place % 26 : place % 26 + 5], asns) for place in range(300)))
    assert len(history.spread) == 30
    assert len(history.pack()) <= 300


def test_ipv6_is_counted_by_networks() -> None:
    history = of(look(START, [1], SMALL_ASNS))
    host = bytes.fromhex("20010db8000000010000000000000001")
    assert history.add6(host) == 1
    assert history.add6(host[:8] + b"\xff" * 8) == 0
    assert history.add6(bytes.fromhex("20010db8000000020000000000000001") + host) == 1
    assert history.features(START).networks6 == 2


def test_where_chains_ended_lately() -> None:
    history = of(look(START, [1], SMALL_ASNS), look(START + 3600, [2], SMALL_ASNS, cname="a.example"))
    assert history.ends(86400) == ("a.example", "")
    assert history.ends(60) == ("a.example",)
    history.add(look(START + 7200, [3], SMALL_ASNS, cname="b.example"))
    history.again(30, START + 7200 + 30 * 3600)
    assert history.ends(60) == ("b.example",)
    assert history.ends(40 * 3600) == ("a.example", "b.example", "")
    back = History.unpack(history.pack())
    assert (back.cnames, back.direct) == (history.cnames, history.direct)


def test_the_latest_ends_are_kept() -> None:
    history = of(*(look(START + place * 300, [1], SMALL_ASNS, cname=f"c{place % 9}.example") for place in range(20)))
    assert len(history.cnames) == 8
    assert [*history.cnames][-1] == "c1.example"


def test_nothing_is_again_before_there_was_something() -> None:
    history = History()
    history.again(5, START)
    assert (history.looks, history.shown) == (0, None)
