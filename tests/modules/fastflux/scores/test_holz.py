"""Holz's score: the published vectors exactly, and what a window is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.holz import BOUND, LONGEST, Holz, window_of
from tipd.modules.fastflux.scores.look import Look

VECTORS = [
    (1, 1, 1986, False),
    (10, 1, 3174, False),
    (93, 1, 14130, False),
    (94, 1, 14262, True),
    (7, 7, 13902, False),
    (9, 7, 14166, False),
    (10, 7, 14298, True),
    (23, 6, 14160, False),
    (24, 6, 14292, True),
    (65, 3, 14142, False),
    (66, 3, 14274, True),
    (20, 10, 21180, True),
    (150, 30, 75420, True),
    (5, 1, 2514, False),
]


@pytest.mark.parametrize(("n_a", "n_asn", "hundredths", "flux"), VECTORS)
def test_the_vectors_hold_exactly(n_a, n_asn, hundredths, flux) -> None:
    holz = Holz(n_a, n_asn)
    assert holz.hundredths == hundredths
    assert holz.score == hundredths / 100
    assert holz.flux is flux
    window = window_of(look(0, range(n_a), n_asn), look(300, range(n_a), n_asn))
    assert (window.holz, window.flux) == (holz, flux)


def look(at: float, addresses, asns: int = 1, **more) -> Look:
    """A look-up of these addresses, spread over so many ASNs in turn, TTL 300."""
    packed = sorted(addresses)
    return Look(
        at,
        addresses=b"".join(each.to_bytes(4) for each in packed),
        asns=tuple(64500 + each % asns for each in packed),
        ttl=more.pop("ttl", 300),
        **more,
    )


def test_the_bound_itself_is_not_flux() -> None:
    assert BOUND == 14238
    assert not any(holz.flux for holz in (Holz(0, 7), Holz(9, 7)))


@given(st.integers(0, 5000), st.integers(0, 500), st.integers(0, 1000))
def test_name_servers_change_nothing(n_a, n_asn, n_ns) -> None:
    assert Holz(n_a, n_asn, n_ns).hundredths == Holz(n_a, n_asn).hundredths
    assert Holz(n_a, n_asn, n_ns).flux is Holz(n_a, n_asn).flux


def test_distinct_ones_of_both_look_ups_count() -> None:
    window = window_of(look(0, range(10), 10), look(300, range(5, 15), 10))
    assert (window.n_a, window.n_asn, window.changed) == (15, 10, True)
    assert window.holz.score == 205.2


addresses = st.sets(st.integers(0, 40), min_size=1, max_size=20)


@given(addresses, st.integers(1, 9))
def test_the_same_answer_twice_changes_nothing(found, asns) -> None:
    window = window_of(look(0, found, asns), look(300, found, asns))
    assert window.n_a == len(found)
    assert window.n_asn == len({each % asns for each in found})
    assert not window.changed


@given(addresses, addresses, st.integers(1, 9))
def test_the_order_of_the_two_changes_nothing(one, other, asns) -> None:
    there = window_of(look(0, one, asns), look(300, other, asns))
    back = window_of(look(0, other, asns), look(300, one, asns))
    assert (there.n_a, there.n_asn, there.changed) == (back.n_a, back.n_asn, back.changed)
    assert there.n_a == len(one | other)


def test_an_unknown_as_is_not_an_as() -> None:
    first = Look(0, addresses=bytes(4) + b"\0\0\0\1", asns=(0, 0))
    second = Look(1, addresses=b"\0\0\0\2\0\0\0\3", asns=(0, 64500))
    assert window_of(first, second).holz == Holz(4, 1)


def test_without_a_table_there_is_no_score() -> None:
    window = window_of(look(0, range(200), 50), Look(300, addresses=b"\0\0\0\1"))
    assert window.holz is None
    assert not window.flux


def test_the_second_waits_for_the_ttl_of_the_first() -> None:
    first = look(1000, range(5))
    assert window_of(first, look(1299, range(5))) is None
    assert window_of(first, look(1300, range(5))) is not None
    assert window_of(first, look(1300 + LONGEST, range(5))) is not None
    assert window_of(first, look(1301 + LONGEST, range(5))) is None


def test_a_look_up_without_addresses_makes_no_window() -> None:
    assert window_of(look(0, range(5)), Look(300, Outcome.NXDOMAIN)) is None
    assert window_of(Look(0), look(300, range(5))) is None
