"""Histories as bytes: all kept, and hostile bytes refused."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.looks import SMALL_ASNS, START, look, looks

from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look
from tipd.modules.fastflux.scores.packing import VERSION
from tipd.modules.fastflux.scores.spread import MOST


def full() -> History:
    rng = random.Random(7)
    history = History()
    for place in range(40):
        asns = SMALL_ASNS if place % 3 else None
        history.add(look(START + place * 300.5, rng.sample(range(60), 6), asns, cname=f"c{place % 2}.example"))
        history.add_ns(START + place * 300, (f"ns{place % 5}.example",), bytes((0, 0, 0, place)), (64500 + place % 3,))
        history.add6(bytes((0x20, 1, 0xD, 0xB8, 0, 0, 0, place % 7)) + bytes(8))
    return history


def test_everything_comes_back() -> None:
    history = full()
    back = History.unpack(history.pack())
    for name in History.__slots__:
        if name not in {"spread", "spread6", "growth", "ttls", "ns"}:
            assert getattr(back, name) == getattr(history, name), name
    assert back.pack() == history.pack()
    now = START + 10**6
    assert back.features(now) == history.features(now)
    assert back.spread.weighed == pytest.approx(history.spread.weighed)


def test_an_empty_one_too() -> None:
    assert History.unpack(History().pack()).pack() == History().pack()


@settings(max_examples=40)
@given(looks())
def test_there_and_back(found) -> None:
    history = History()
    for each in found:
        history.add(each)
    back = History.unpack(history.pack())
    assert back.pack() == history.pack()
    assert back.features(START) == history.features(START)


@settings(max_examples=40)
@given(looks(), st.floats(0, 10**6), st.floats(0.001, 1.0))
def test_times_do_not_drift(found, moved, stretched) -> None:
    history = History()
    for each in found:
        at = START + (each.at - START) * stretched + moved
        history.add(Look(at, each.outcome, each.addresses, each.asns, ttl=each.ttl))
    memo = history.pack()
    for _ in range(5):
        memo = History.unpack(memo).pack()
    assert memo == history.pack()


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(memo) -> None:
    for each in (memo, bytes((VERSION,)) + memo):
        try:
            back = History.unpack(each)
        except ValueError:
            continue
        assert len(back.spread) <= MOST


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_memo_is_refused_or_read(data) -> None:
    memo = bytearray(full().pack())
    for _ in range(data.draw(st.integers(1, 4))):
        memo[data.draw(st.integers(0, len(memo) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(memo[: data.draw(st.integers(0, len(memo)))])
    try:
        back = History.unpack(cut)
    except ValueError:
        return
    back.features(START)
    back.add(look(START + 10**8, [1, 2, 3], SMALL_ASNS))


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        History.unpack(bytes((VERSION + 1,)) + History().pack()[1:])
    with pytest.raises(ValueError, match="version"):
        History.unpack(b"")
