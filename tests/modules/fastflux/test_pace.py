"""Rates, turns and delays."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.pace import AGED, LONGEST_REST, Bucket, Delays, Limits, Turns
from tipd.modules.fastflux.settings import FluxSettings


def delays(**more: float) -> Delays:
    return Delays(Limits(**more), random.Random(4))


def test_the_limits_come_out_of_the_settings() -> None:
    settings = FluxSettings(queries_per_second=50, per_apex_per_second=0.5, ttl_floor="2s", ttl_ceiling="1h")
    limits = Limits.of(settings)
    assert (limits.per_second, limits.per_apex, limits.floor, limits.ceiling) == (50.0, 0.5, 2.0, 3600.0)
    assert Limits.of(FluxSettings()) == Limits()


def test_a_bucket_gives_its_rate() -> None:
    bucket, now, sent = Bucket(100.0, 50.0), 50.0, 0
    while now < 60.0:
        room = bucket.room(now)
        bucket.spend(room)
        sent += room
        now += 0.013
    assert 1000 <= sent <= 1015


def test_a_bucket_says_when_there_is_room() -> None:
    bucket = Bucket(2.0, 0.0)
    assert bucket.room(0.0) == 1
    bucket.spend(1)
    assert bucket.room(0.1) == 0
    assert bucket.wait == pytest.approx(0.4)
    assert bucket.room(0.1 + bucket.wait) == 1


def test_names_of_a_domain_take_turns() -> None:
    turns = Turns(10.0)
    at = [turns.turn(1, 100.0) for _ in range(30)]
    assert at[:10] == [100.0] * 10
    assert at[10:13] == pytest.approx([100.1, 100.2, 100.3])
    assert at[-1] == pytest.approx(102.0)
    assert turns.turn(2, 100.0) == 100.0


@pytest.mark.parametrize("rate", [0.1, 1.0, 3.0, 40.0])
def test_the_turns_keep_to_the_rate(rate: float) -> None:
    turns = Turns(rate)
    at = sorted(turns.turn(1, 10.0 + number * 0.01) for number in range(200))
    burst = max(1, int(rate) + 1)
    for first, later in zip(at, at[burst:], strict=False):
        assert later - first >= burst / rate - 1.0 - 1e-6
    assert at[-1] - at[0] >= (200 - burst) / rate - 1.0


def test_domains_whose_turns_are_over_are_forgotten() -> None:
    turns = Turns(10.0)
    for apex in range(50_000):
        turns.turn(apex, apex / 1000)
    assert len(turns._next) <= 12_000


@given(st.integers(0, 2**31 - 1), st.booleans())
def test_never_before_the_ttl_has_run_out(ttl: int, aged: bool) -> None:
    delay = delays(ceiling=3600.0).answered(ttl, aged=aged)
    assert delay >= min(ttl, 3600)
    assert delay >= 1.0
    assert delay <= min(max(1.0, ttl + AGED), 3600) * 1.05 + 1e-6


def test_an_aged_ttl_may_live_on_for_a_second() -> None:
    assert delays().answered(60, aged=True) >= 61
    assert 60 <= delays().answered(60, aged=False) < 64
    assert delays().answered(0, aged=True) < 1.06


def test_the_spread_is_small() -> None:
    assert max(delays().answered(20_000, aged=False) for _ in range(200)) <= 20_010


def test_no_addresses_again_and_again_is_asked_less_often() -> None:
    found = [delays().empty(0, in_row) for in_row in range(1, 20)]
    assert 2 <= found[0] < 4
    assert found[-1] >= 256
    assert delays().empty(900, 1) >= 900
    assert delays(ceiling=60.0).empty(86400, 3) <= 63


def test_no_answer_again_and_again_rests_longer() -> None:
    found = [delays().unanswered(in_row) for in_row in range(1, 300)]
    assert 2.5 <= found[0] <= 5
    assert found[3] > found[0] * 3
    assert LONGEST_REST / 2 <= found[-1] <= LONGEST_REST
    assert delays(floor=30.0).unanswered(1) >= 30


def test_the_dormant_are_asked_rarely() -> None:
    assert 100 <= delays(dormant_every=100.0).dormant() <= 110


def test_no_delay_is_longer_than_the_longest() -> None:
    limits = Limits(ceiling=100.0, dormant_every=50.0)
    made = Delays(limits, random.Random(4))
    drawn = (made.answered(2**31 - 1, aged=True), made.empty(2**31 - 1, 99), made.dormant(), made.unanswered(99))
    assert max(drawn) <= limits.longest == pytest.approx(1.1 * LONGEST_REST)
    assert Limits().longest == pytest.approx(1.1 * 21600)
