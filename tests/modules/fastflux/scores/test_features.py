"""The features: each against what it is defined as."""

import math
import random

import pytest
from hypothesis import given, settings
from support.looks import SMALL_ASNS, START, look, looks

from tipd.modules.fastflux.scores.features import Given, as_fraction
from tipd.modules.fastflux.scores.history import History


def of(*found) -> History:
    history = History()
    for each in found:
        history.add(each)
    return history


@settings(max_examples=40)
@given(looks())
def test_each_is_what_it_is_defined_as(found) -> None:
    features = of(*found).features(START + 10**7)
    answered = [each for each in found if each.answered]
    addresses = {each.addresses[at : at + 4] for each in answered for at in range(0, len(each.addresses), 4)}
    sizes = [len(each.addresses) // 4 for each in answered]
    assert features.looks == len(answered)
    assert features.distinct == len(addresses)
    assert features.prefixes16 == len({each[:2] for each in addresses})
    assert features.prefixes24 == len({each[:3] for each in addresses})
    if answered:
        assert (features.since, features.until) == (answered[0].at, answered[-1].at)
        assert features.fluxiness == pytest.approx(len(addresses) / (sum(sizes) / len(sizes)))
        assert features.ttl_min == min(each.ttl for each in answered)
    assert 0 <= features.late < 1
    assert features.stable < max(1, len(found))


def test_fluxiness_of_a_stable_answer_is_one() -> None:
    same = (look(START + place * 300, [1, 2, 3], SMALL_ASNS) for place in range(9))
    assert of(*same).features(START).fluxiness == 1.0


def test_entropy_and_as_fraction() -> None:
    asns = {1: 64500, 2: 64500, 3: 64501, 4: 64502, 5: 0}
    features = of(look(START, asns, asns)).features(START)
    assert features.asns == 3
    assert features.unplaced == 1
    assert features.entropy == pytest.approx(-(0.5 * math.log2(0.5) + 2 * 0.25 * math.log2(0.25)))
    assert features.as_fraction == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("asns", "placed", "fraction"), [(1, 10, 0.0), (10, 10, 1.0), (0, 0, 0.0), (1, 1, 0.0), (4, 7, 0.5)]
)
def test_as_fraction(asns, placed, fraction) -> None:
    assert as_fraction(asns, placed) == fraction


def test_without_a_table_what_needs_one_is_not_known() -> None:
    features = of(look(START, range(9))).features(START)
    assert (features.asns, features.entropy, features.as_fraction, features.unplaced) == (None, None, None, 9)
    assert features.prefixes16 == 1


def test_a_table_that_knows_none_of_them_is_a_table() -> None:
    features = of(look(START, range(9), {})).features(START)
    assert (features.asns, features.entropy, features.as_fraction) == (0, 0.0, 0.0)


def test_a_table_that_came_later() -> None:
    history = of(look(START, range(4)))
    assert history.features(START).asns is None
    history.place((64500, 64501, 64502, 0))
    features = history.features(START)
    assert (features.asns, features.unplaced) == (3, 1)


def test_windows_that_spoke_for_flux_among_the_last_three() -> None:
    rng = random.Random(1)
    many = [look(START + place * 300, rng.sample(range(60), 12), SMALL_ASNS) for place in range(5)]
    features = of(*many).features(START)
    assert (features.windows, features.flux_windows, features.moved_windows) == (4, 3, 3)
    same = [look(START + (5 + place) * 300, [1, 2], SMALL_ASNS) for place in range(3)]
    features = of(*many, *same).features(START)
    assert (features.flux_windows, features.moved_windows) == (1, 1)


def test_name_servers() -> None:
    history = of(look(START, [1], SMALL_ASNS))
    assert history.features(START).ns_names == 0
    history.add_ns(START, ("ns1.example", "ns2.example"), b"\0\0\0\1\0\0\0\2", (64500, 64501))
    history.add_ns(START + 86400 * 2, ("ns3.example", "ns4.example"), b"\0\0\0\3\0\0\0\4", (64502, 0))
    features = history.features(START + 86400 * 2)
    assert (features.ns_names, features.ns_addresses, features.ns_asns, features.ns_new) == (4, 4, 3, 2)
    assert (features.ns_fluxiness, features.ns_new_per_day) == (2.0, 1.0)


def test_what_others_know() -> None:
    history = of(look(START, [1], SMALL_ASNS, cname="end.example.net"))
    features = history.features(START, Given(registered=START - 86400 * 10, shared_names=3))
    assert (features.age_days, features.given.shared_names, features.cname) == (10.0, 3, "end.example.net")
    assert history.features(START, Given(registered=START + 5)).age_days == 0.0
    assert history.features(START).age_days is None
