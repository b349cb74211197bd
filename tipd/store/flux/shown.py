"""Tracked names as people see them: lists, all of one name, counts. Asyncio-flavoured where it takes a connection."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.model.dns import NS, Outcome
from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp
from tipd.model.tracked import Origin, ScorePoint, StoredRun, Tracked, TrackedDetail
from tipd.store.flux import pdns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection, Row

FEW = 20_000  # names that are sorted rather than looked for in their order
MOST_SCORES = 10_000
MOST_SEEN = 2000
HIDDEN = "(hidden)"  # a step of a path that the reader may not see

# $2: the caller's mark. What people said under a stricter one is not told; a network of which no other name may be seen
# is none.
_COLUMNS = """d.name, d.apex, s.state, s.tier, s.reason, s.since, n.added, n.tlp, s.holz,
       CASE WHEN n.words <= $2 THEN n.tags ELSE ARRAY[]::text[] END AS tags,
       CASE WHEN n.words <= $2 THEN n.note ELSE '' END AS note,
       CASE WHEN n.words <= $2 THEN n.path ELSE ARRAY[]::text[] END AS path,
       CASE WHEN s.network IS NOT NULL AND EXISTS (
           SELECT FROM flux_state AS o JOIN flux_name AS m USING (id)
            WHERE o.network = s.network AND o.id <> s.id AND m.tlp <= $2) THEN s.network END AS network,
       s.samples, s.last_sample, s.due, s.ttl"""
_FROM = "dns_name AS d JOIN flux_name AS n USING (id) JOIN flux_state AS s USING (id)"
_LIST = f"""
SELECT {_COLUMNS} FROM {_FROM}
 WHERE {{few}} d.name > $1 AND n.tlp <= $2 AND ($3::smallint[] IS NULL OR s.state = ANY($3))
   AND ($4::text[] IS NULL OR (n.tags && $4 AND n.words <= $2)) AND ($5::text[] IS NULL OR s.tier = ANY($5))
   AND ($6::text IS NULL OR d.apex = $6) AND ($7::text IS NULL OR strpos(d.name, $7) > 0)
 ORDER BY d.name LIMIT $8
"""  # noqa: S608
_FEW = f"SELECT count(*) FROM (SELECT FROM {{which}} LIMIT {FEW + 1}) AS few"  # noqa: S608
# In the order of names, whatever the statistics say.
_PLAN = """
SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off
"""
_ONE = f"SELECT d.id, s.verdict, {_COLUMNS} FROM {_FROM} WHERE d.name = $1 AND n.tlp <= $2"  # noqa: S608
_ORIGINS = """
SELECT o.why, s.name AS source, o.class, o.by, greatest(o.tlp, s.tlp, 0::smallint) AS tlp, o.first, o.last,
       o.ended
  FROM flux_origin AS o LEFT JOIN source AS s ON s.id = o.source_id
 WHERE o.id = $1 AND greatest(o.tlp, s.tlp, 0::smallint) <= $2 ORDER BY o.first, s.name, o.why
"""
_SCORES = """
SELECT * FROM (SELECT at, holz, n_a, n_asn, total, tier, state FROM flux_score
                WHERE id = $1 AND at <= coalesce($2, 'infinity'::timestamptz) ORDER BY at DESC LIMIT $3) AS late
 ORDER BY at
"""
_WITHHELD = "SELECT name FROM dns_name WHERE name = ANY($1::text[]) AND tlp > $2"
_RUNS = """
SELECT r.first, r.last, r.count, r.outcome, r.addresses, r.asns, r.ttl_min, r.ttl_max, r.true_ttl,
       coalesce(c.name, '') AS cname, coalesce(v.vantage, '') AS vantage, coalesce(v.upstream, '') AS upstream
  FROM flux_run AS r LEFT JOIN dns_name AS c ON c.id = r.cname_id LEFT JOIN dns_vantage AS v ON v.id = r.vantage
 WHERE r.name_id = (SELECT id FROM dns_name WHERE name = $1) AND r.first > $2 AND r.first <= $3
 ORDER BY r.first LIMIT $4
"""
_COUNTS = "SELECT state, count(*) AS number FROM flux_state GROUP BY state"
_COUNTS_SEEN = """
SELECT s.state, count(*) AS number FROM flux_state AS s JOIN flux_name AS n USING (id) WHERE n.tlp <= $1 GROUP BY 1
"""
_to_verdict = msgspec.json.Decoder(dict[str, Any]).decode


class Choice(NamedTuple):
    """Which names a list holds; what is empty or None does not choose."""

    max_tlp: Tlp
    state: tuple[State, ...] = ()
    tag: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    apex: str | None = None
    text: str | None = None
    after: str = ""
    limit: int = 1000


async def names(connection: Connection, choice: Choice) -> list[Tracked]:
    """Return names in the order of their bytes."""
    args = (
        choice.after,
        int(choice.max_tlp),
        [int(state) for state in choice.state] or None,
        list(choice.tag) or None,
        list(choice.tier) or None,
        choice.apex,
        choice.text or None,
        choice.limit,
    )
    async with connection.transaction():
        few = await _few(connection, choice)
        if not few:
            await connection.execute(_PLAN)
        rows = await connection.fetch(_LIST.format(few=few), *args)
        return await _masked(connection, [tracked(row) for row in rows], choice.max_tlp)


async def _few(connection: Connection, choice: Choice) -> str:
    """Return how the names can be had by what makes them few, to be sorted then; nothing where nothing does."""
    ways: tuple[tuple[Any, str, str], ...] = (
        (choice.apex, "dns_name WHERE apex = ${}::text", "6"),
        (list(choice.tag), "flux_name WHERE tags && ${}::text[] AND tags <> '{{}}'", "4"),
        ([int(state) for state in choice.state], "flux_state WHERE state = ANY(${}::smallint[])", "3"),
    )
    for value, which, place in ways:
        if value and await connection.fetchval(_FEW.format(which=which.format("1")), value) <= FEW:
            return f"d.id = ANY (ARRAY(SELECT id FROM {which.format(place)})) AND"  # noqa: S608 - our own words
    return ""


def tracked(row: Row) -> Tracked:
    """Return a row as lists show it."""
    fields = {name: row[name] for name in Tracked.__struct_fields__}
    return Tracked(
        **fields
        | {
            "state": State(row["state"]),
            "tier": Tier(row["tier"]),
            "tlp": Tlp(row["tlp"]),
            "tags": tuple(row["tags"]),
            "path": tuple(row["path"]),
        }
    )


async def _masked(connection: Connection, rows: list[Tracked], max_tlp: Tlp) -> list[Tracked]:
    """Return the rows without steps of paths that the reader may not see."""
    steps = sorted({step for row in rows for step in row.path})
    if not steps:
        return rows
    secret = {row["name"] for row in await connection.fetch(_WITHHELD, steps, int(max_tlp))}
    if not secret:
        return rows
    return [
        msgspec.structs.replace(row, path=tuple(HIDDEN if step in secret else step for step in row.path))
        for row in rows
    ]


async def one(connection: Connection, name: str, max_tlp: Tlp, at: datetime | None) -> TrackedDetail | None:
    """Return all that is known of a name, as of now or of a moment."""
    found = await connection.fetchrow(_ONE, name, int(max_tlp))
    if found is None or (at is not None and at < found["added"]):
        return None
    (row,) = await _masked(connection, [tracked(found)], max_tlp)
    scores = await connection.fetch(_SCORES, found["id"], at, MOST_SCORES)
    seen, more = await _seen(connection, name, row.apex, max_tlp, at)
    return TrackedDetail(
        row=row if at is None else _as_of(row, scores),
        verdict=_to_verdict(found["verdict"]) if at is None else {},
        origins=tuple(_origin(each) for each in await connection.fetch(_ORIGINS, found["id"], int(max_tlp))),
        scores=tuple(score(each) for each in scores),
        seen=tuple(seen),
        more=more,
    )


async def _seen(
    connection: Connection, name: str, apex: str, max_tlp: Tlp, at: datetime | None
) -> tuple[list[Any], bool]:
    """Return what the name had, and the name servers of its domain, the latest first."""
    rows = await pdns.of_name(connection, name, max_tlp, MOST_SEEN + 1, at)
    servers = [] if apex == name else await pdns.of_name(connection, apex, max_tlp, MOST_SEEN, at)
    every = rows[:MOST_SEEN] + [each for each in servers if each.rtype == NS]
    return sorted(every, key=lambda each: each.last, reverse=True), len(rows) > MOST_SEEN


def _as_of(row: Tracked, scores: Sequence[Row]) -> Tracked:
    last = scores[-1] if scores else None
    if last is None:
        return msgspec.structs.replace(
            row, state=State.CANDIDATE, tier=Tier.UNKNOWN, reason="", since=row.added, holz=None, network=None, due=None
        )
    return msgspec.structs.replace(
        row,
        state=State(last["state"]),
        tier=Tier(last["tier"]),
        reason="",
        since=last["at"],
        holz=last["holz"],
        network=None,
        due=None,
    )


def _origin(row: Row) -> Origin:
    fields = dict(row)
    fields["class_"] = fields.pop("class")
    return Origin(**fields | {"tlp": Tlp(row["tlp"])})


def score(row: Row) -> ScorePoint:
    """Return a row of scores."""
    return ScorePoint(**{**row, "tier": Tier(row["tier"]), "state": State(row["state"])})


async def scores(connection: Connection, name: str, limit: int) -> list[ScorePoint]:
    """Return the latest scores of a name, ascending."""
    name_id = await connection.fetchval("SELECT id FROM dns_name WHERE name = $1", name)
    return [score(row) for row in await connection.fetch(_SCORES, name_id, None, limit)]


async def runs(connection: Connection, name: str, since: datetime, until: datetime, limit: int) -> list[StoredRun]:
    """Return stored look-ups of a name that began after `since` and not after `until`, ascending."""
    rows = await connection.fetch(_RUNS, name, since, until, limit)
    return [StoredRun(**{**row, "outcome": Outcome(row["outcome"]), "asns": tuple(row["asns"])}) for row in rows]


async def counts(connection: Connection, max_tlp: Tlp) -> dict[State, int]:
    """Return how many names stand in each state."""
    if max_tlp is Tlp.RED:
        rows = await connection.fetch(_COUNTS)
    else:
        rows = await connection.fetch(_COUNTS_SEEN, int(max_tlp))
    return {State(row["state"]): row["number"] for row in rows}
