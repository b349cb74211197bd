"""Forget a value: blank it wherever it stands, in place, so that every number stays what it was.

What is still open is closed first and told with its value, so that whoever follows drops it; then the rows that bear it
are blanked, and every text that mentions it. Tables without an index for that are walked over in parts, so that no
transaction is long; what is written meanwhile is at the end of them, and is walked over too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tipd import __version__
from tipd.model.canonical.refang import loosely
from tipd.model.finding import INDICATOR_FORGOTTEN, NewFinding
from tipd.model.indicator import Indicator
from tipd.model.key import key_of, unsigned_key_of
from tipd.model.kind import CODE_OF, KIND_OF, Kind
from tipd.store import closing, partitions
from tipd.store.allowed import told_changed
from tipd.store.audit import insert as note_act
from tipd.store.closing import Change
from tipd.store.flux.forgetting import FluxForgetting
from tipd.store.frames import MOST_ROWS
from tipd.store.lookup.quick import host_of
from tipd.store.spam.forgetting import SpamForgetting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.store.batch import Written
    from tipd.store.connection import Connection
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

LONG = 900.0  # seconds a search may take
BLOCKS = 2000  # pages of a table a transaction: 16 MB
MOST_TARGETS = 10_000
MOST_TOLD = 1000  # seqs and keys in the finding
MARK = "(forgotten)"
NO_NETWORK = "::/128"  # what a forgotten network's row keeps: a network that nobody can list (model/canonical)
_ALSO = {Kind.SHA1: Kind.CERT_SHA1, Kind.SHA256: Kind.CERT_SHA256}
_NAMED = (Kind.DOMAIN, Kind.URL, Kind.EMAIL)


class TooMany(ValueError):
    """More values than can be forgotten at once."""


class Target(NamedTuple):
    """One indicator that is forgotten."""

    key: int
    kind: Kind
    value: str


@dataclass(slots=True)
class Forgotten:
    """What was done, so far."""

    values: int = 0
    closed: int = 0
    sightings: int = 0
    findings: int = 0
    mentions: int = 0
    tracked: int = 0  # rows of tracking and passive DNS
    seqs: list[int] = field(default_factory=list)


class Needle(NamedTuple):
    """A text to be found where it stands by itself, in any case, defanged too: as it is, and as JSON writes it."""

    text: str
    in_json: str
    pattern: str
    json_pattern: str

    @classmethod
    def of(cls, value: str) -> Needle:
        """Return it for a canonical value."""
        in_json = json.dumps(value, ensure_ascii=False)[1:-1]
        return cls(value.lower(), in_json.lower(), _alone(value), _alone(in_json))

    def cut_from(self, text: str) -> str:
        """Return a text without it."""
        return re.sub(rf"(?<![\w-]){loosely(self.text)}(?![\w-])", MARK, text, flags=re.IGNORECASE)


def _alone(text: str) -> str:
    """Return PostgreSQL's regular expression for the text between what is no letter, digit, `_` or `-`."""
    return f"(?<![[:alnum:]_-]){loosely(text)}(?![[:alnum:]_-])"


_BELOW = {
    "sighting": "SELECT DISTINCT kind, value FROM sighting WHERE kind = ANY($1::smallint[]) AND strpos(value, $2) > 0",
    "finding": "SELECT DISTINCT subject_kind AS kind, subject_value AS value FROM finding"
    " WHERE subject_kind = ANY($1::smallint[]) AND strpos(subject_value, $2) > 0",
    "dns_name": f"SELECT {CODE_OF[Kind.DOMAIN]} AS kind, name AS value FROM dns_name"  # noqa: S608 - a number of ours
    " WHERE cardinality($1::smallint[]) > 0 AND strpos(name, $2) > 0",
}
# `seen` of what vanished from its list is when it last stood there; of history it is the interval's end.
_NAMING = """
SELECT DISTINCT r.id FROM sighting s JOIN round r USING (source_id)
 WHERE s.key = ANY($1::bigint[]) AND s.value = ANY($2::text[]) AND (r.id = s.opened_round
    OR (r.why = 'page' AND r.id = s.closed_round)
    OR (r.why <> 'page' AND coalesce(r.at, r.started) >= s.opened
        AND (s.closed IS NULL OR coalesce(r.at, r.started) < s.closed)
        AND (s.seen IS NULL OR s.backfilled OR coalesce(r.at, r.started) <= s.seen)))
"""
_ROUND = """
INSERT INTO round (source_id, started, ended, status, why, at, version)
VALUES ($1, $2, $2, 'ok', 'withdrawal', $2, $3) RETURNING id
"""
_BLANK = f"""
UPDATE sighting SET value = CASE WHEN kind = {CODE_OF[Kind.NETWORK]} THEN '{NO_NETWORK}' ELSE '' END, context = NULL
 WHERE ctid = ANY(ARRAY(SELECT ctid FROM sighting WHERE key = ANY($1::bigint[]) AND value = ANY($2::text[])
                           AND closed IS NOT NULL LIMIT {MOST_ROWS}))
"""  # noqa: S608 - our own words
# $1, $2: from which page to which; $3, $4: how JSON mentions it, and the pattern of that. Where millions of rows are
# walked over, what does not hold it as it is is passed over; lines quoted from bodies stand in findings without a key.
_CONTEXTS = f"""
UPDATE sighting SET context = regexp_replace(context::text, $4, '{MARK}', 'gi')::jsonb
 WHERE ctid >= $1::text::tid AND ctid < $2::text::tid AND context IS NOT NULL
   AND strpos(lower(context::text), $3) > 0 AND context::text ~* $4
"""  # noqa: S608
_FINDINGS = f"""
UPDATE {{table}} SET subject_value = CASE WHEN {{hit}} THEN '' ELSE subject_value END,
       data = CASE WHEN {{hit}} THEN '{{{{"forgotten": true}}}}'::jsonb
                   ELSE regexp_replace(data::text, $4, '{MARK}', 'gi')::jsonb END
 WHERE ctid >= $1::text::tid AND ctid < $2::text::tid
   AND ({{hit}} OR (data IS NOT NULL AND (key IS NULL OR strpos(lower(data::text), $3) > 0) AND data::text ~* $4))
RETURNING seq, subject_value = '' AS hit
"""  # noqa: S608
_HIT = "(key = ANY($5::bigint[]) AND coalesce(subject_value = ANY($6::text[]), false))"
_PARTITIONS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'finding'::regclass"
# Small tables: every column of text, and every one of JSON, that may quote what came from outside or what was typed.
_TEXTS = {
    "source": (("error",), ("set_aside", "request_cursor")),
    "round": (("error", "url"), ()),
    "allowed": (("value", "reason"), ()),
    "audit": (("subject", "reason"), ("data",)),
    "sink": (("why",), ()),
    "token": (("note",), ()),
}


class Forgetting:
    """Does it, step by step; each step may be done again."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock, hash_seed: int) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    async def targets(self, subject: Indicator, *, below: bool = False) -> list[Target]:
        """Return what is to be forgotten with a value: itself, and with `below` what stands on that name or address.

        Raises TooMany, StoreAway.
        """
        found = {(subject.kind, subject.value)}
        if subject.kind in _ALSO:
            found.add((_ALSO[subject.kind], subject.value))
        if below:
            for query in _BELOW.values():
                codes = [CODE_OF[kind] for kind in _NAMED]
                rows = await self._pool.within(LONG, _fetch, query, codes, subject.value)
                found |= {
                    (KIND_OF[row["kind"]], row["value"]) for row in rows if stands_on(row["value"], subject.value)
                }
        if len(found) > MOST_TARGETS:
            raise TooMany(f"{len(found)} values stand on {subject.value}: at most {MOST_TARGETS} are forgotten at once")
        return [Target(key_of(self._seed, kind, value), kind, value) for kind, value in sorted(found)]

    def target(self, subject: Indicator) -> Target:
        """Return what stands for one indicator."""
        return Target(key_of(self._seed, subject.kind, subject.value), subject.kind, subject.value)

    def name_of(self, target: Target) -> str:
        """Return the keyed hash that stands for a value that may not be named."""
        return f"{unsigned_key_of(self._seed, target.kind, target.value):016x}"

    async def rounds_of(self, targets: Sequence[Target]) -> set[int]:
        """Return the rounds whose bodies name these, however they spell them: what lay between opened and closed.

        Of changes that come in pages only those that opened or closed: others are known by their text alone.
        """
        keys, values = [target.key for target in targets], [target.value for target in targets]
        return set(await self._pool.within(LONG, _rounds_of, keys, values))

    async def block(self, targets: Sequence[Target]) -> None:
        """Let none of these ever be taken in again."""
        await self._writer.write(_block, [target.key for target in targets], self._clock.now())

    async def withdraw(self, targets: Sequence[Target]) -> int:
        """Close what is open of these, and tell it; return how many intervals."""
        now = self._clock.now()
        await self._writer.write(partitions.ensure, now)
        open_now = await self._pool.run(_open, [target.key for target in targets])
        closed = 0
        for source_id, keys in open_now.items():
            for start in range(0, len(keys), MOST_ROWS):
                part = keys[start : start + MOST_ROWS]
                closed += await self._writer.write(_withdraw, source_id, part, now, alone=True)
        return closed

    async def blank(self, targets: Sequence[Target], needle: Needle, done: Forgotten) -> None:
        """Blank every row that bears one of these, and every text that mentions the needle; count into `done`."""
        keys, values = [target.key for target in targets], [target.value for target in targets]
        while number := await self._writer.write(_blank, keys, values, alone=True):
            done.sightings += number
        async for first, last in self._parts("sighting"):
            done.mentions += await self._writer.write(_contexts, first, last, needle, alone=True)
        for table in await self._pool.run(_partitions):
            async for first, last in self._parts(table):
                place = (first, last, needle, keys, values)
                for seq, hit in await self._writer.write(_findings, table, place, alone=True):
                    done.findings += hit
                    done.mentions += not hit
                    done.seqs.append(seq)
        done.tracked += await FluxForgetting(self._pool, self._writer).forget(targets, needle, self._clock.now(), MARK)
        done.mentions += await SpamForgetting(self._pool, self._writer, self._seed).forget(targets, needle, MARK)
        for table in _TEXTS:
            done.mentions += await self._writer.write(_texts, table, needle, self._clock.now(), alone=True)

    async def tell(self, targets: Sequence[Target], done: Forgotten, word: Word) -> None:
        """Tell and audit what was forgotten, without naming it."""
        names = [self.name_of(target) for target in targets]
        data: dict[str, Any] = {
            "keys": names[:MOST_TOLD],
            "values": done.values,
            "closed": done.closed,
            "sightings": done.sightings,
            "findings": done.findings,
            "mentions": done.mentions,
            "tracked": done.tracked,
            "bodies": word.bodies,
            "blocked": word.block,
        }
        told = NewFinding(
            kind=INDICATOR_FORGOTTEN, module="blacklist", data={**data, "seqs": sorted(done.seqs)[-MOST_TOLD:]}
        )
        await self._writer.write(_note, self._clock.now(), word, f"key {names[0]}", data, findings=[told])

    async def _parts(self, table: str) -> Any:
        """Yield (first page, one past the last) over a table, as long as it grows."""
        first = 0
        while first < await self._pool.run(_pages, table):
            yield f"({first},0)", f"({first + BLOCKS},0)"
            first += BLOCKS


class Word(NamedTuple):
    """Who has a value forgotten, why, and what else was done for it."""

    by: str
    reason: str
    block: bool
    bodies: int


def stands_on(value: str, place: str) -> bool:
    """Say whether a name, URL or e-mail address lies on a name (or below it) or an address."""
    host = host_of(value) if "://" in value else value.rpartition("@")[2]
    return host == place or host.endswith(f".{place}")


async def _fetch(connection: Connection, query: str, *args: Any) -> list[Any]:
    return await connection.fetch(query, *args)


async def _block(connection: Connection, keys: list[int], now: datetime) -> None:
    await connection.execute(
        "INSERT INTO blocked (key, created) SELECT key, $2 FROM unnest($1::bigint[]) AS k (key) ON CONFLICT DO NOTHING",
        keys,
        now,
    )


async def _rounds_of(connection: Connection, keys: list[int], values: list[str]) -> list[int]:
    return [row["id"] for row in await connection.fetch(_NAMING, keys, values)]


async def _open(connection: Connection, keys: list[int]) -> dict[int, list[int]]:
    rows = await connection.fetch(
        "SELECT source_id, key FROM sighting WHERE key = ANY($1::bigint[]) AND closed IS NULL", keys
    )
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["source_id"], []).append(row["key"])
    return found


async def _withdraw(connection: Connection, source_id: int, keys: list[int], now: datetime) -> Written[int]:
    round_id = await connection.fetchval(_ROUND, source_id, now, __version__)
    change = Change(round_id, source_id, now)
    return await closing.close(connection, change, keys, closing.WITHDRAWN, foreign=True)


async def _blank(connection: Connection, keys: list[int], values: list[str]) -> int:
    return _number(await connection.execute(_BLANK, keys, values))


async def _contexts(connection: Connection, first: str, last: str, needle: Needle) -> int:
    return _number(await connection.execute(_CONTEXTS, first, last, needle.in_json, needle.json_pattern))


async def _partitions(connection: Connection) -> list[str]:
    return [row["name"] for row in await connection.fetch(_PARTITIONS)]


async def _pages(connection: Connection, table: str) -> int:
    size = await connection.fetchval("SELECT pg_relation_size($1::text::regclass)", table)
    return int(size) // 8192


async def _findings(
    connection: Connection, table: str, place: tuple[str, str, Needle, list[int], list[str]]
) -> list[tuple[int, bool]]:
    first, last, needle, keys, values = place
    query = _FINDINGS.format(table=table, hit=_HIT)
    rows = await connection.fetch(query, first, last, needle.in_json, needle.json_pattern, keys, values)
    return [(row["seq"], bool(row["hit"])) for row in rows]


async def _texts(connection: Connection, table: str, needle: Needle, now: datetime) -> int:
    texts, jsons = _TEXTS[table]
    if table == "allowed":  # a veto over what nobody may name any more is none
        await connection.execute("UPDATE allowed SET removed = $2 WHERE lower(value) = $1 AND removed IS NULL",
                                 needle.text, now)  # fmt: skip
        await told_changed(connection)
    number = 0
    for column, pattern, cast in (
        *((column, needle.pattern, "text") for column in texts),
        *((column, needle.json_pattern, "jsonb") for column in jsons),
    ):
        number += _number(
            await connection.execute(
                f"UPDATE {table} SET {column} = regexp_replace({column}::text, $1, '{MARK}', 'gi')::{cast}"  # noqa: S608
                f" WHERE {column}::text ~* $1",
                pattern,
            )
        )
    return number


async def _note(connection: Connection, now: datetime, word: Word, subject: str, data: dict[str, Any]) -> None:
    await note_act(connection, now, word.by, INDICATOR_FORGOTTEN, subject, word.reason, data)


def _number(done: str) -> int:
    return int(done.rpartition(" ")[2])
