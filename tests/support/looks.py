"""Look-ups made by rule, for the scores' tests."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.look import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

START = 1_700_000_000.0


def look(at: float, addresses: Iterable[int], asns: dict[int, int] | None = None, **more) -> Look:
    """A look-up of these addresses (numbers); `asns` maps them to ASes, None: there is no table."""
    found = sorted(set(addresses))
    return Look(
        at,
        addresses=b"".join(number.to_bytes(4) for number in found),
        asns=tuple(asns.get(number, 0) for number in found) if asns is not None else (),
        **{"ttl": 300, **more},
    )


def empty(at: float, outcome: Outcome = Outcome.NXDOMAIN) -> Look:
    """A look-up that brought no address."""
    return Look(at, outcome, ttl=300)


# Look-ups of a small world: few addresses, so that many are seen again; an address has one AS all along.
SMALL_ASNS = {number: 64500 + number % 11 for number in range(60)}


@st.composite
def looks(draw, most: int = 25) -> list[Look]:
    """Look-ups in order, each after the TTL of the one before, or sooner."""
    at, found = START, []
    table = draw(st.booleans())
    for _ in range(draw(st.integers(1, most))):
        at += draw(st.sampled_from((60, 300, 301, 4000, 90_000)))
        outcome = draw(st.sampled_from((Outcome.NOERROR,) * 6 + (Outcome.NODATA, Outcome.NXDOMAIN, Outcome.SERVFAIL)))
        if outcome is Outcome.NOERROR:
            numbers = draw(st.sets(st.integers(0, 59), min_size=1, max_size=8))
            cname = draw(st.sampled_from(("", "", "a.example.net", "b.example.net")))
            found.append(look(at, numbers, SMALL_ASNS if table else None, cname=cname, ttl=draw(st.integers(0, 600))))
        else:
            found.append(empty(at, outcome))
    return found


def rotating(
    rng: random.Random, pool: Sequence[int], shown: int, asns: dict[int, int] | None, *, ttl: int = 300, **more
) -> Iterator[Look]:
    """Endless look-ups of `shown` addresses out of a pool, each when the TTL of the last has run out."""
    at = START
    while True:
        yield look(at, rng.sample(pool, min(shown, len(pool))), asns, ttl=ttl, **more)
        at += ttl
