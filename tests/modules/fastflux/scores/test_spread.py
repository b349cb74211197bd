"""Distinct addresses: counted once, whatever the order, and how widely they lie."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.scores.spread import MOST, Spread

placed = st.lists(st.tuples(st.integers(0, 2**32 - 1) | st.integers(0, 300_000), st.integers(0, 5)), max_size=60)


def consistent(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """An address has one AS."""
    return list(dict(pairs).items())


@given(placed, st.randoms(use_true_random=False))
def test_the_order_changes_nothing(pairs, rng) -> None:
    pairs = consistent(pairs)
    one, other = Spread(), Spread()
    one.add([number for number, _ in pairs], [asn for _, asn in pairs])
    rng.shuffle(pairs)
    for number, asn in pairs:
        other.add([number], [asn])
    for name in ("numbers", "asns", "counts", "wide", "narrow", "cut"):
        assert getattr(one, name) == getattr(other, name)
    assert one.entropy == pytest.approx(other.entropy)


@given(placed)
def test_it_counts_as_sets_do(pairs) -> None:
    pairs = consistent(pairs)
    spread = Spread()
    new = spread.add([number for number, _ in pairs], [asn for _, asn in pairs])
    numbers = {number for number, _ in pairs}
    counts = Counter(asn for _, asn in pairs if asn)
    assert new == len(spread) == len(numbers)
    assert list(spread.numbers) == sorted(numbers)
    assert spread.wide == len({number >> 16 for number in numbers})
    assert spread.narrow == len({number >> 8 for number in numbers})
    assert dict(zip(spread.asns, spread.counts, strict=True)) == counts
    total = sum(counts.values())
    assert spread.entropy == pytest.approx(
        -sum(count / total * math.log2(count / total) for count in counts.values()), abs=1e-9
    )


@given(placed)
def test_what_is_known_changes_nothing(pairs) -> None:
    pairs = consistent(pairs)
    spread = Spread()
    numbers, asns = [number for number, _ in pairs], [asn for _, asn in pairs]
    spread.add(numbers, asns)
    before = (spread.wide, spread.narrow, spread.placed)
    assert spread.add(numbers, asns) == 0
    assert (spread.wide, spread.narrow, spread.placed) == before


def test_room_is_bounded_and_what_found_none_is_counted() -> None:
    spread = Spread()
    assert spread.add(range(MOST + 7), [1] * (MOST + 7)) == MOST
    assert (len(spread), spread.cut, spread.placed) == (MOST, 7, MOST)
    assert spread.add(range(10), [1] * 10) == 0
    assert spread.cut == 7


def test_the_even_spread_over_four_has_two_bits() -> None:
    spread = Spread()
    spread.add(range(8), [1, 2, 3, 4] * 2)
    assert spread.entropy == 2.0
    assert Spread().entropy == 0.0


def test_a_table_that_came_later_places_them_all() -> None:
    spread = Spread()
    spread.add([3, 1, 2])
    assert spread.placed == 0
    spread.place([64500, 0, 64501])
    assert (list(spread.asns), spread.placed, spread.entropy) == ([64500, 64501], 2, 1.0)
    spread.place([64500] * 3)
    assert (list(spread.asns), list(spread.counts), spread.entropy) == ([64500], [3], 0.0)


def test_networks_of_ipv6_are_counted_as_wide_as_their_prefixes() -> None:
    spread = Spread("Q", 32, 16)
    spread.add([0x2001_0DB8_0000_0001, 0x2001_0DB8_0000_0002, 0x2001_0DB8_0001_0001, 0x2001_0DB9_0000_0001])
    assert (len(spread), spread.narrow, spread.wide) == (4, 3, 2)


def test_weights_are_taken_anew() -> None:
    spread = Spread()
    spread.add(range(9), [1, 2, 2, 3, 3, 3, 3, 0, 0])
    before, spread.weighed = spread.weighed, 0.0
    spread.weigh()
    assert spread.weighed == pytest.approx(before)
    spread.counts[0] = 0
    with pytest.raises(ValueError, match="an AS without an address"):
        spread.weigh()
