"""Networks of names: who shares addresses belongs together, and nobody else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.scores.networks import (
    BOUNDS,
    MOST_SHARED,
    Bounds,
    Member,
    Network,
    Sharing,
    matched,
    networks_of,
)

members = st.lists(st.sets(st.integers(0, 40), max_size=8), max_size=12).map(
    lambda sets: [Member(100 + place, sorted(found)) for place, found in enumerate(sets)]
)


def by_definition(found: list[Member], bounds: Bounds = BOUNDS) -> set[tuple[int, ...]]:
    """The components of the graph of names, every pair compared."""
    groups = {member.id: {member.id} for member in found}
    for one in found:
        for other in found:
            shared = len(set(one.addresses) & set(other.addresses))
            smaller = min(len(one.addresses), len(other.addresses))
            if one.id < other.id and (shared >= bounds.least or (shared >= 2 and shared >= bounds.share * smaller)):
                joined = groups[one.id] | groups[other.id]
                for each in joined:
                    groups[each] = joined
    return {tuple(sorted(group)) for group in groups.values() if len(group) > 1}


@given(members)
def test_few_names_are_grouped_as_if_every_pair_were_compared(found) -> None:
    result = networks_of(found)
    assert {network.members for network in result.networks} == by_definition(found)


@given(members)
def test_who_shares_how_much(found) -> None:
    result = networks_of(found)
    for member in found:
        others = [other for other in found if other.id != member.id and set(other.addresses) & set(member.addresses)]
        shared = {address for other in others for address in set(other.addresses) & set(member.addresses)}
        expected = Sharing(len(shared), len(others)) if shared else None
        assert result.sharing.get(member.id) == expected


def test_one_shared_address_is_no_network() -> None:
    assert networks_of([Member(1, [5, 6]), Member(2, [6, 7])]).networks == []


def test_two_of_many_are_not_enough_but_two_of_few_are() -> None:
    few = networks_of([Member(1, [1, 2, 3]), Member(2, [1, 2, 9])])
    assert few.networks == [Network((1, 2), (1, 2))]
    assert networks_of([Member(1, range(50)), Member(2, range(48, 98))]).networks == []


def test_shared_hosting_and_cdns_are_passed_over() -> None:
    found = [Member(number, [1, 2, 3, 100 + number]) for number in range(9)]
    assert len(networks_of(found).networks) == 1
    result = networks_of(found, skip=lambda address: address in {1, 2, 3})
    assert (result.networks, result.sharing) == ([], {})


def test_large_networks_are_found_in_bounded_work() -> None:
    rng = random.Random(3)
    found = []
    for network in range(4):
        bots = [rng.randrange(2**32) for _ in range(400)]
        found += [Member(network * 300 + number, sorted(rng.sample(bots, 60))) for number in range(300)]
    result = networks_of(found)
    assert [len(network.members) for network in result.networks] == [300] * 4
    assert all(len(network.shared) == MOST_SHARED for network in result.networks)
    assert all(sharing.names > 50 for sharing in result.sharing.values())


def test_bots_shared_by_most_names_stand_first() -> None:
    found = [Member(1, [1, 2, 3, 4]), Member(2, [1, 2, 3, 4]), Member(3, [2, 3, 4])]
    assert networks_of(found).networks == [Network((1, 2, 3), (2, 3, 4, 1))]


@pytest.mark.parametrize("found", [[], [Member(1, [])], [Member(1, [1]), Member(2, [])]])
def test_nothing_shares_nothing(found) -> None:
    assert networks_of(found) == ([], {})


def test_a_network_keeps_its_number_while_its_names_come_and_go() -> None:
    networks = [Network((1, 2, 3, 4), ()), Network((5, 6), ()), Network((7, 8), ())]
    assert matched(networks, {1: 10, 2: 10, 3: 11, 5: 11, 9: 12}) == [10, 11, None]


def test_a_network_that_fell_apart_goes_on_in_its_larger_part() -> None:
    networks = [Network((1, 2, 3), ()), Network((4, 5), ())]
    assert matched(networks, dict.fromkeys(range(1, 6), 10)) == [10, None]
