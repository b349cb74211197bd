"""Networks: names that share addresses. Members point to their network; asyncio-flavoured."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.tracked import Network
from tipd.store.batch import Written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.model.tlp import Tlp
    from tipd.store.connection import Connection

MOST_NAMES = 100

_MEMBERS = "SELECT id, network FROM flux_state WHERE id = ANY($1::integer[])"
_MAKE = """
INSERT INTO flux_network (first, last) SELECT $1::timestamptz, $1::timestamptz FROM generate_series(1, $2::integer)
RETURNING id
"""
_JOIN = """
UPDATE flux_state AS s SET network = u.network FROM unnest($1::integer[], $2::integer[]) AS u (id, network)
 WHERE s.id = u.id AND s.network IS DISTINCT FROM u.network
RETURNING s.id, u.network
"""
_LAST = "UPDATE flux_network SET last = greatest(last, $2) WHERE id = ANY($1::integer[])"
_EMPTY = "DELETE FROM flux_network AS f WHERE NOT EXISTS (SELECT FROM flux_state AS s WHERE s.network = f.id)"
_ALONE = """
UPDATE flux_state SET network = NULL WHERE network IS NOT NULL AND id <> ALL($1::integer[]) RETURNING id
"""
_SHOW = """
SELECT f.id, f.first, f.last, count(*) AS size,
       (array_agg(d.name ORDER BY d.name))[:$4] AS names
  FROM (SELECT * FROM flux_network AS f WHERE f.id > $1
           AND 1 < (SELECT count(*) FROM (SELECT FROM flux_state AS s JOIN flux_name AS n USING (id)
                                           WHERE s.network = f.id AND n.tlp <= $3 LIMIT 2) AS two)
         ORDER BY f.id LIMIT $2) AS f
  JOIN flux_state AS s ON s.network = f.id JOIN flux_name AS n ON n.id = s.id JOIN dns_name AS d ON d.id = s.id
 WHERE n.tlp <= $3
 GROUP BY f.id, f.first, f.last ORDER BY f.id
"""


class Joined(NamedTuple):
    """A group of names as a network: its number, and which of the names were not in it before."""

    network: int
    joined: list[int]


async def show(connection: Connection, max_tlp: Tlp, after: int, limit: int) -> list[Network]:
    """Return networks by their numbers, with the names that may be seen; none of which only one may be."""
    rows = await connection.fetch(_SHOW, after, limit, int(max_tlp), MOST_NAMES)
    return [Network(**{**row, "names": tuple(row["names"])}) for row in rows]


async def settle(connection: Connection, groups: Sequence[Sequence[int]], now: datetime) -> Written[list[Joined]]:
    """Make these groups of names the networks there are, in a writer's transaction; a group keeps its number.

    A group is the network that most of its names were in, the eldest of several; where two groups come from one, the
    greater keeps it. Names in no group are in no network any more.
    """
    members = sorted({each for group in groups for each in group})
    was = {row["id"]: row["network"] for row in await connection.fetch(_MEMBERS, members)}
    numbers = _numbers(groups, was)
    fresh = iter([row["id"] for row in await connection.fetch(_MAKE, now, numbers.count(None))])
    settled = [next(fresh) if number is None else number for number in numbers]
    pairs = [(each, number) for group, number in zip(groups, settled, strict=True) for each in group]
    joined: dict[int, list[int]] = {number: [] for number in settled}
    if pairs:
        for row in await connection.fetch(_JOIN, *map(list, zip(*pairs, strict=True))):
            joined[row["network"]].append(row["id"])
        await connection.execute(_LAST, settled, now)
    await connection.execute(_ALONE, members)
    await connection.execute(_EMPTY)
    return Written([Joined(number, sorted(joined[number])) for number in settled], 0)


def _numbers(groups: Sequence[Sequence[int]], was: dict[int, int | None]) -> list[int | None]:
    """Return the number of each group, None for one that is new; the greater choose first."""
    numbers: dict[int, int | None] = {}
    taken: set[int] = set()
    for place in sorted(range(len(groups)), key=lambda place: (-len(groups[place]), place)):
        votes = Counter(was.get(each) for each in set(groups[place]))
        free = [network for network in votes if network is not None and network not in taken]
        numbers[place] = max(free, key=lambda network: (votes[network], -network)) if free else None
        taken |= {number for number in (numbers[place],) if number is not None}
    return [numbers[place] for place in range(len(groups))]
