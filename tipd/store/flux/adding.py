"""Names on their way under watch: what becomes of up to 10,000 of them in one transaction.

Each new name gives a finding `flux.candidate`. One that is there gains the evidence, tags and note; where it was let go
or lies dormant and the evidence is new, it is a candidate again (`flux.revived`). What a person let go, only a person
brings back, not a walk that goes on by itself. Evidence is new where its source or way was not among the name's
origins, and where it does not come from a first load, which tells again what stands in lists; or where the name was let
go because nobody had chosen its class, which somebody has by now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.model.canonical.domain import canonical_name, why_refused
from tipd.model.flux import CANDIDATE, REVIVED, NewName, State
from tipd.model.indicator import RefusedValue
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF, Kind
from tipd.model.tlp import Tlp
from tipd.store import partitions
from tipd.store.batch import Written
from tipd.store.flux import marks, names, tuples
from tipd.store.flux.unchosen import REASON as UNCHOSEN
from tipd.store.telling import source_ids
from tipd.store.text import storable, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.store.connection import Connection

MOST_NAMES = 10_000
MOST_TAGS = 64
LONGEST_TAG = 64  # characters
LONGEST_NOTE = 4000
MOST_STEPS = 64  # of a path
FORGOTTEN = "forgotten"
_BY_HAND = ("person", "pivot", "follow")
COLUMNS = ("name", "key", "said")

_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_in (
    name text COLLATE "C", key bigint, said integer
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS flux_said (
    said integer, why text, source_id integer, class text, tags text[], note text, path text[], tlp smallint, by text,
    mark smallint, source text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS flux_intake (
    id integer, name text COLLATE "C", key bigint, said integer, new boolean, fresh boolean
) ON COMMIT DELETE ROWS
"""
_SAY = """
INSERT INTO flux_said
SELECT r.said, r.why, r.source_id, r.class, r.tags, r.note, r.path, r.tlp, r.by,
       greatest(r.tlp, s.tlp, 0::smallint), s.name
  FROM jsonb_to_recordset($1::jsonb) AS r (said integer, why text, source_id integer, class text, tags text[],
                                           note text, path text[], tlp smallint, by text)
  LEFT JOIN source AS s ON s.id = r.source_id
"""
_REFUSE = "DELETE FROM flux_in WHERE key IN (SELECT key FROM blocked) RETURNING name"
_WELCOME = "DELETE FROM flux_forgotten WHERE key IN (SELECT key FROM flux_in)"
_MARKS = "SELECT i.name, min(s.mark) AS tlp FROM flux_in AS i JOIN flux_said AS s USING (said) GROUP BY i.name"
_INTAKE = """
INSERT INTO flux_intake
SELECT d.id, i.name, i.key, i.said,
       NOT EXISTS (SELECT FROM flux_name AS n WHERE n.id = d.id OFFSET 0),
       NOT EXISTS (SELECT FROM flux_origin AS o WHERE o.id = d.id AND o.why = s.why
                                                  AND o.source_id IS NOT DISTINCT FROM s.source_id OFFSET 0)
  FROM flux_in AS i JOIN flux_said AS s USING (said)
 CROSS JOIN LATERAL (SELECT id FROM dns_name AS d WHERE d.name = i.name OFFSET 0) AS d
"""
# What is told of a new name is its least secret origin.
_NAMES = """
INSERT INTO flux_name (id, added, tags, note, path, tlp, words)
SELECT DISTINCT ON (id) id, $1::timestamptz, s.tags, s.note, s.path, s.mark,
       CASE WHEN s.mark > 1 AND (s.tags <> '{}' OR s.note <> '' OR s.path <> '{}') THEN s.mark ELSE 0 END
  FROM flux_intake JOIN flux_said AS s USING (said) WHERE new ORDER BY id, s.mark, said
"""
_STATES = """
INSERT INTO flux_state (id, state, since, due)
SELECT DISTINCT id, 0, $1::timestamptz, $1::timestamptz FROM flux_intake WHERE new
 ORDER BY id
"""
_ORIGINS = """
INSERT INTO flux_origin AS o (id, source_id, why, class, by, tlp, first, last)
SELECT DISTINCT ON (id, s.source_id, s.why) id, s.source_id, s.why, s.class, s.by, s.tlp, $1::timestamptz,
       $1::timestamptz
  FROM flux_intake JOIN flux_said AS s USING (said) ORDER BY id, s.source_id, s.why, said DESC
    ON CONFLICT (id, source_id, why) DO UPDATE
   SET last = greatest(o.last, excluded.last), class = coalesce(excluded.class, o.class), tlp = excluded.tlp,
       by = excluded.by, ended = NULL
 WHERE (o.class, o.tlp, o.by) IS DISTINCT FROM (coalesce(excluded.class, o.class), excluded.tlp, excluded.by)
    OR o.ended IS NOT NULL OR o.last < excluded.last - interval '1 hour'
"""
_MERGE = """
WITH more AS (
    SELECT id, array_agg(DISTINCT t.tag ORDER BY t.tag) FILTER (WHERE t.tag IS NOT NULL) AS tags,
           (array_agg(s.note ORDER BY said) FILTER (WHERE s.note <> ''))[1] AS note,
           (array_agg(to_jsonb(s.path) ORDER BY said) FILTER (WHERE s.path <> '{}'))[1] AS path,
           max(s.mark) AS mark
      FROM flux_intake AS k JOIN flux_said AS s USING (said) LEFT JOIN LATERAL unnest(s.tags) AS t (tag) ON true
     WHERE (NOT k.new OR k.id IN (SELECT id FROM flux_intake WHERE new GROUP BY id HAVING count(*) > 1))
       AND (s.tags <> '{}' OR s.note <> '' OR s.path <> '{}')
     GROUP BY id
), merged AS (
    SELECT n.id,
           coalesce((SELECT array_agg(DISTINCT t ORDER BY t) FROM unnest(n.tags || more.tags) AS t), '{}') AS tags,
           CASE WHEN more.note IS NULL OR strpos(n.note, more.note) > 0 THEN n.note
                WHEN n.note = '' THEN more.note ELSE left(n.note || E'\\n' || more.note, $1) END AS note,
           CASE WHEN n.path = '{}' AND more.path IS NOT NULL
                THEN ARRAY(SELECT jsonb_array_elements_text(more.path)) ELSE n.path END AS path,
           CASE WHEN more.mark > 1 THEN greatest(n.words, more.mark) ELSE n.words END AS words
      FROM more JOIN flux_name AS n USING (id)
)
UPDATE flux_name AS n SET tags = merged.tags[:$2], note = merged.note, path = merged.path, words = merged.words,
       revision = nextval('flux_revision')
  FROM merged
 WHERE n.id = merged.id AND (n.tags, n.note, n.path) IS DISTINCT FROM (merged.tags[:$2], merged.note, merged.path)
"""
_REVIVE = """
WITH back AS (
    SELECT DISTINCT ON (s.id) s.id, s.state, said
      FROM flux_intake AS k JOIN flux_said USING (said) JOIN flux_state AS s ON s.id = k.id
      JOIN flux_name AS n ON n.id = k.id
     WHERE s.state IN (4, 5) AND (k.fresh OR NOT $2 OR s.reason = $4 OR why = ANY($3::text[]))
       AND (NOT n.let_go OR why IN ('person', 'pivot'))
     ORDER BY s.id, mark, said
), revised AS (
    UPDATE flux_name AS n SET revision = nextval('flux_revision'), let_go = false FROM back WHERE n.id = back.id
    RETURNING n.id, n.revision
)
UPDATE flux_state AS s SET state = 0, tier = 'unknown', reason = 'revived', since = $1, due = $1, decided = revision
  FROM back JOIN revised USING (id) WHERE s.id = back.id
RETURNING s.id, back.state AS was, back.said
"""
_TELL = """
INSERT INTO finding (at, key, subject_kind, initial, kind, module, subject_value, tlp, data)
SELECT $1, k.key, $2, $3, $4, 'fastflux', k.name, n.tlp,
       jsonb_strip_nulls(jsonb_build_object('why', s.why, 'source', s.source, 'class', s.class, 'was', w.was))
       || CASE WHEN n.words <= n.tlp THEN jsonb_build_object('path', n.path, 'tags', n.tags)
               ELSE '{"path": [], "tags": []}' END
  FROM unnest($5::integer[], $6::integer[], $7::text[]) AS w (id, said, was)
  JOIN flux_intake AS k ON k.id = w.id AND k.said = w.said JOIN flux_said AS s ON s.said = w.said
  JOIN flux_name AS n ON n.id = w.id
 ORDER BY k.name
RETURNING seq
"""
_NEW = """
SELECT DISTINCT ON (id) id, name, said FROM flux_intake JOIN flux_said USING (said) WHERE new ORDER BY id, mark, said
"""
_KNOWN = """
SELECT DISTINCT k.id, k.name, n.tlp <= $1 AS seen FROM flux_intake AS k JOIN flux_name AS n USING (id)
 WHERE NOT new ORDER BY k.name
"""


@dataclass(slots=True)
class Intake:
    """What `add` hands to the transaction: names with what is said of them, each different thing said once."""

    tuples: bytes = b""
    said: list[NewName] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


async def read(new: Sequence[NewName], seed: int) -> Intake:
    """Look at what was given; raises ValueError for over 10,000 names, or tags that are none (trio-flavoured)."""
    if len(new) > MOST_NAMES:
        raise ValueError(f"at most {MOST_NAMES} names at once, not {len(new)}")
    intake = Intake()
    places: dict[tuple[object, ...], int] = {}

    def pack(one: NewName) -> bytes:
        reason = why_not(one.name)
        if reason is not None:
            intake.refused[one.name] = reason
            return b""
        saying = (one.why, one.source, one.class_, one.tags, one.note, one.path, one.tlp, one.by)
        place = places.get(saying)
        if place is None:
            _check(one)
            place = places[saying] = len(intake.said)
            intake.said.append(one)
        key = key_of(seed, Kind.DOMAIN, one.name)
        return tuples.row(tuples.text(one.name), tuples.int8(key), tuples.int4(place))

    intake.tuples = await tuples.packed(new, pack)
    return intake


def why_not(name: str) -> str | None:
    """Return why a text is no name to watch: not in canonical form, a public suffix …; None where it is one."""
    try:
        if canonical_name(name) != name:
            return "malformed"
    except RefusedValue as refused:
        return refused.reason
    return why_refused(name)


def check_tags(tags: Sequence[str]) -> None:
    """Raise ValueError for what is no tag: 1 to 64 characters without spaces, commas and control characters."""
    if len(tags) > MOST_TAGS:
        raise ValueError(f"a name has at most {MOST_TAGS} tags")
    for tag in tags:
        bad = not tag.isprintable() or " " in tag or "," in tag or storable(tag) != tag
        if bad or not 0 < len(tag) <= LONGEST_TAG:
            raise ValueError(f"{tag[:LONGEST_TAG]!r} is no tag: 1 to {LONGEST_TAG} characters, no spaces or commas")


def _check(one: NewName) -> None:
    check_tags(one.tags)
    if not one.why.isidentifier():
        raise ValueError(f"{one.why!r} says in no word why a name is watched")


async def add(
    connection: Connection, intake: Intake, now: datetime, initial: bool, max_tlp: Tlp
) -> Written[tuple[list[str], ...]]:
    """Take the names in; return those that are new to the caller, those that were known, those that may not be."""
    await partitions.ensure(connection, now)
    await connection.execute(_TABLES)
    ids = await source_ids(connection, {one.source for one in intake.said if one.source is not None})
    await connection.execute(_SAY, to_json([_said(place, one, ids) for place, one in enumerate(intake.said)]))
    await tuples.copy_in(connection, "flux_in", COLUMNS, intake.tuples)
    blocked = [row["name"] for row in await connection.fetch(_REFUSE)]
    await connection.execute(_WELCOME)
    await names.make_missing(connection, "flux_in", _MARKS)
    await connection.execute(_INTAKE)
    await connection.execute("ANALYZE flux_intake")
    there = await connection.fetch(_KNOWN, int(max_tlp))
    last, kinds, new = await _take(connection, now, initial, [row["id"] for row in there])
    new = sorted([*new, *(row["name"] for row in there if not row["seen"])])
    return Written((new, [row["name"] for row in there if row["seen"]], blocked), last, frozenset(kinds))


async def _take(
    connection: Connection, now: datetime, initial: bool, there: list[int]
) -> tuple[int, set[str], list[str]]:
    await connection.execute(_NAMES, now)
    await connection.execute(_STATES, now)
    await connection.execute(_ORIGINS, now)
    await connection.execute(_MERGE, LONGEST_NOTE, MOST_TAGS)
    revived = await connection.fetch(_REVIVE, now, initial, list(_BY_HAND), UNCHOSEN)
    new = await connection.fetch(_NEW)
    await names.lower(connection, [row["id"] for row in new])
    await marks.settle(connection, there)
    last, kinds = 0, set()
    for kind, rows in ((CANDIDATE, new), (REVIVED, revived)):
        if rows:
            was = [State(row["was"]).word if kind == REVIVED else None for row in rows]
            columns = ([row["id"] for row in rows], [row["said"] for row in rows], was)
            told = await connection.fetch(_TELL, now, CODE_OF[Kind.DOMAIN], initial, kind, *columns)
            last = max(last, *(row["seq"] for row in told))
            kinds.add(kind)
    return last, kinds, [row["name"] for row in new]


def _said(place: int, one: NewName, ids: dict[str, int]) -> dict[str, object]:
    own = one.tlp if one.tlp is not None or one.source is not None else Tlp.GREEN
    return {
        "said": place,
        "why": one.why,
        "source_id": None if one.source is None else ids[one.source],
        "class": one.class_,
        "tags": sorted(set(one.tags)),
        "note": one.note[:LONGEST_NOTE],
        "path": list(one.path[:MOST_STEPS]),
        "tlp": own,
        "by": one.by,
    }


__all__ = ["FORGOTTEN", "Intake", "add", "check_tags", "read", "why_not"]
