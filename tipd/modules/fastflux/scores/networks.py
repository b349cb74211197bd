"""Networks of names: those that share addresses with each other, found in sorted arrays and bounded room."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

PAIRS = 4_000_000  # pairs of names on one address that are counted at most, all addresses together
FARTHEST = 32  # names on one address, in the order of their ids, that are compared with each other
MOST_SHARED = 100  # shared addresses told of one network


class Bounds(NamedTuple):
    """When two names belong together: `least` shared addresses, or two that are `share` of the smaller name's."""

    least: int = 3
    share: float = 0.2


class Member(NamedTuple):
    """A name and the distinct addresses it had, ascending numbers."""

    id: int
    addresses: Sequence[int]


class Network(NamedTuple):
    """Names (ids, ascending) that share addresses, and those addresses, shared by most names first."""

    members: tuple[int, ...]
    shared: tuple[int, ...]


class Sharing(NamedTuple):
    """Of one name: how many of its addresses others have too, and how many others."""

    addresses: int
    names: int


class Networks(NamedTuple):
    """What was found, largest network first; `sharing` by name's id, where there is any."""

    networks: list[Network]
    sharing: dict[int, Sharing]


BOUNDS = Bounds()


def networks_of(
    members: Iterable[Member], *, skip: Callable[[int], bool] | None = None, bounds: Bounds = BOUNDS
) -> Networks:
    """Return the networks among names. `skip`: says which addresses tell nothing (a CDN's, a parking company's).

    Time and room are bounded by the number of addresses of all names, and by `PAIRS`: of many names on one address each
    is compared with its next ones only, which suffices where a network has more than one address. A second or two for
    10,000 names of 100 addresses each, mostly sorting in numpy, which lets other threads run.
    """
    named = list(members)
    owners, found = _shared(named, skip)
    pairs, counts = _pairs(owners, found, len(named))
    ones, others = np.divmod(pairs, max(1, len(named)))
    sizes = np.array([len(member.addresses) for member in named], np.int64)
    smaller = np.minimum(sizes[ones], sizes[others])
    linked = (counts >= bounds.least) | ((counts >= 2) & (counts >= bounds.share * smaller))
    roots = list(range(len(named)))
    for one, other in zip(ones[linked].tolist(), others[linked].tolist(), strict=True):
        roots[_root(roots, one)] = _root(roots, other)
    return Networks(_networks(named, roots, owners, found), _sharing(named, owners, found, (ones, others)))


def _shared(named: list[Member], skip: Callable[[int], bool] | None) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return owners and addresses, sorted by address then owner, of the addresses with at least two owners."""
    if not named:
        return np.zeros(0, np.int64), np.zeros(0, np.uint32)
    addresses = np.concatenate([np.asarray(member.addresses, np.uint32) for member in named])
    owners = np.repeat(np.arange(len(named)), [len(member.addresses) for member in named])
    order = np.lexsort((owners, addresses))
    addresses, owners = addresses[order], owners[order]
    values, counts = np.unique(addresses, return_counts=True)
    kept = counts > 1
    if skip is not None:
        kept[kept] = [not skip(int(value)) for value in values[kept]]
    chosen = np.repeat(kept, counts)
    return owners[chosen], addresses[chosen]


def _pairs(
    owners: NDArray[np.int64], addresses: NDArray[np.uint32], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of names that are compared, as `one * size + other`, and how many addresses they share."""
    found = [np.zeros(0, np.int64)]
    for apart in range(1, min(FARTHEST, max(2, PAIRS // max(1, len(owners)))) + 1):
        same = addresses[:-apart] == addresses[apart:]
        if not same.any():
            break
        found.append(owners[:-apart][same] * size + owners[apart:][same])
    return np.unique(np.concatenate(found), return_counts=True)


def _root(roots: list[int], place: int) -> int:
    while roots[place] != place:
        roots[place] = roots[roots[place]]
        place = roots[place]
    return place


def _networks(
    named: list[Member], roots: list[int], owners: NDArray[np.int64], addresses: NDArray[np.uint32]
) -> list[Network]:
    groups: dict[int, list[int]] = {}
    for place in range(len(named)):
        groups.setdefault(_root(roots, place), []).append(place)
    many = {root: places for root, places in groups.items() if len(places) > 1}
    root_of = np.array([_root(roots, place) for place in range(len(named))], np.int64)
    of_root = root_of[owners]
    order = np.argsort(of_root, kind="stable")
    of_root, addresses = of_root[order], addresses[order]
    found = []
    for root, places in many.items():
        first, last = np.searchsorted(of_root, (root, root + 1))
        found.append(Network(tuple(sorted(named[place].id for place in places)), _most_shared(addresses[first:last])))
    return sorted(found, key=lambda network: (-len(network.members), network.members))


def _most_shared(addresses: NDArray[np.uint32]) -> tuple[int, ...]:
    """Return the addresses that stand there more than once, the most frequent first."""
    values, counts = np.unique(addresses, return_counts=True)
    values, counts = values[counts > 1], counts[counts > 1]
    return tuple(values[np.lexsort((values, -counts))][:MOST_SHARED].tolist())


def _sharing(
    named: list[Member],
    owners: NDArray[np.int64],
    addresses: NDArray[np.uint32],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> dict[int, Sharing]:
    """Count for each name; where not all pairs were compared, the number of others is a lower bound."""
    shared = np.bincount(owners, minlength=len(named))
    others = np.bincount(pairs[0], minlength=len(named)) + np.bincount(pairs[1], minlength=len(named))
    _, place, counts = np.unique(addresses, return_inverse=True, return_counts=True)
    widest = np.zeros(len(named), np.int64)
    np.maximum.at(widest, owners, counts[place] - 1 if len(owners) else np.zeros(0, np.int64))
    return {named[at].id: Sharing(int(shared[at]), int(max(others[at], widest[at]))) for at in np.flatnonzero(shared)}


def matched(networks: Sequence[Network], former: Mapping[int, int]) -> list[int | None]:
    """Return which former network (by name's id) each one is the continuation of, None for a new one.

    The one that most of its names were in; where two claim it, the larger one has it.
    """
    taken: set[int] = set()
    found: list[int | None] = []
    for network in networks:
        votes = Counter(former[member] for member in network.members if former.get(member) is not None)
        for each in taken:
            votes.pop(each, None)
        best = max(votes.items(), key=lambda vote: (vote[1], -vote[0]), default=(None, 0))[0]
        if best is not None:
            taken.add(best)
        found.append(best)
    return found
