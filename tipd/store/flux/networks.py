"""Networks: names that share addresses. Members point to their network; asyncio-flavoured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.tracked import Network
from tipd.store.batch import Written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.model.tlp import Tlp
    from tipd.store.connection import Connection

MOST_NAMES = 100

_MEMBERS = "SELECT id, network FROM flux_state WHERE id = ANY($1::integer[]) ORDER BY id"
_MAKE = "INSERT INTO flux_network (first, last) VALUES ($1, $1) RETURNING id"
_JOIN = """
UPDATE flux_state SET network = $2 WHERE id = ANY($1::integer[]) AND network IS DISTINCT FROM $2 RETURNING id
"""
_LAST = "UPDATE flux_network SET last = greatest(last, $2) WHERE id = $1"
_EMPTY = "DELETE FROM flux_network AS f WHERE NOT EXISTS (SELECT FROM flux_state AS s WHERE s.network = f.id)"
_ALONE = """
UPDATE flux_state SET network = NULL WHERE network IS NOT NULL AND id <> ALL($1::integer[]) RETURNING id
"""
_SHOW = """
SELECT f.id, f.first, f.last, count(*) AS size,
       (array_agg(d.name ORDER BY d.name))[:$4] AS names
  FROM (SELECT * FROM flux_network AS f WHERE f.id > $1
           AND EXISTS (SELECT FROM flux_state AS s JOIN flux_name AS n USING (id)
                        WHERE s.network = f.id AND n.tlp <= $3)
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
    """Return networks by their numbers, with the names that may be seen."""
    rows = await connection.fetch(_SHOW, after, limit, int(max_tlp), MOST_NAMES)
    return [Network(**{**row, "names": tuple(row["names"])}) for row in rows]


async def settle(connection: Connection, groups: Sequence[Sequence[int]], now: datetime) -> Written[list[Joined]]:
    """Make these groups of names the networks there are, in a writer's transaction; a group keeps its number.

    A group is the network that most of its names were in, the eldest of several; where two groups come from one, the
    greater keeps it. Names in no group are in no network any more.
    """
    taken: set[int] = set()
    results: dict[int, Joined] = {}
    for place in sorted(range(len(groups)), key=lambda place: (-len(groups[place]), place)):
        ids = sorted(set(groups[place]))
        results[place] = await _one(connection, ids, taken, now)
        taken.add(results[place].network)
    everybody = sorted({each for group in groups for each in group})
    await connection.execute(_ALONE, everybody)
    await connection.execute(_EMPTY)
    return Written([results[place] for place in range(len(groups))], 0)


async def _one(connection: Connection, ids: list[int], taken: set[int], now: datetime) -> Joined:
    votes: dict[int, int] = {}
    for row in await connection.fetch(_MEMBERS, ids):
        if row["network"] is not None and row["network"] not in taken:
            votes[row["network"]] = votes.get(row["network"], 0) + 1
    number = max(votes, key=lambda network: (votes[network], -network)) if votes else None
    if number is None:
        number = await connection.fetchval(_MAKE, now)
    joined = [row["id"] for row in await connection.fetch(_JOIN, ids, number)]
    await connection.execute(_LAST, number, now)
    return Joined(number, sorted(joined))
