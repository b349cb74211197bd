"""A batch inside its transaction: its rows in temporary tables, without what is known or may not be stored.

Asyncio-flavoured. `spam_in` holds the mails, `spam_in_part` what they hold, `spam_in_relay` who handed them over.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.canonical.domain import why_refused
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.model.mentions import keys_in, keys_in_json
from tipd.store.frames import copy_stream
from tipd.store.partitions import Monthly
from tipd.store.spam import archives
from tipd.store.spam.ready import FILE, MAIL_COLUMNS, PART_COLUMNS, RELAY_COLUMNS, URL

if TYPE_CHECKING:
    from tipd.store.connection import Connection
    from tipd.store.spam.ready import Part, Ready

MONTHLY = Monthly("spam_mail")
_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in (
    n integer, t integer, hash bigint, at timestamptz, trap bigint, defects bigint, size integer, version integer,
    class smallint, trap_kind smallint, sighted boolean, tail bytea, relay inet, parts bigint[], subject text,
    rest bytea
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in_part (
    part bigint, alone bigint, what smallint, size bigint, host text COLLATE "C", shape text COLLATE "C", example text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in_relay (
    relay inet, key bigint, kind smallint, asn bigint, value text COLLATE "C"
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in_list (t integer, campaign bigint, kept integer) ON COMMIT DELETE ROWS
"""
# What is stored is looked at by single descents of an index: before there are statistics the planner would read whole
# tables instead, and by another index (`+ 0` keeps it from one by the source).
_ASKED_BY = {"spam_in": "n, t, hash, relay", "spam_in_part": "part", "spam_in_relay": "relay"}
PLAN = "SET LOCAL enable_seqscan = off"
_KNOWN = """
DELETE FROM spam_in WHERE n = ANY (ARRAY(
    SELECT i.n FROM spam_in AS i CROSS JOIN LATERAL (
        SELECT 1 FROM spam_mail AS m
         WHERE m.hash = i.hash AND m.tail = i.tail AND m.source_id + 0 = $1 AND m.taken <= $2 OFFSET 0) AS there))
"""
_ARE_BLOCKED = "SELECT EXISTS (SELECT FROM blocked)"
_BLOCKED = "SELECT key FROM blocked WHERE key = ANY($1::bigint[])"
_NO_MAILS = "DELETE FROM spam_in WHERE n = ANY($1::integer[])"
_NO_RELAYS = """
WITH gone AS (DELETE FROM spam_in_relay WHERE key = ANY($1::bigint[]) RETURNING relay)
UPDATE spam_in AS i SET relay = NULL, sighted = false FROM gone WHERE i.relay = gone.relay
"""
_NO_PARTS = """
WITH gone AS (DELETE FROM spam_in_part WHERE part = ANY($1::bigint[]))
UPDATE spam_in
   SET parts = ARRAY(SELECT p FROM unnest(parts) AS u (p) WHERE p <> ALL($1::bigint[]) ORDER BY p), rest = ''
 WHERE parts && $1::bigint[]
"""
_HIGHEST = "SELECT max(n) FROM spam_in"
_WORDS = "SELECT n, subject, rest FROM spam_in WHERE n >= $1 AND n < $2 AND (subject <> '' OR rest <> '')"
_NO_WORDS = "UPDATE spam_in SET subject = '', rest = '' WHERE n = ANY($1::integer[])"
_WORDS_AT_ONCE = 100  # the loop waits for each part
_LISTS = "SELECT DISTINCT t FROM spam_in WHERE t >= 0 ORDER BY t"
_COUNT = "SELECT count(*) FROM spam_in"


class Place(NamedTuple):
    """From where a batch is, and when: `member` is the archive, empty for none."""

    source_id: int
    today: date
    member: str
    seed: int


async def enter(connection: Connection, rows: Ready, place: Place) -> int:
    """Put the batch into its tables and return how many of its mails are new."""
    await connection.execute(f"{_TABLES}; {PLAN}")
    for table, columns, each in (
        ("spam_in", MAIL_COLUMNS, rows.mails),
        ("spam_in_part", PART_COLUMNS, rows.parts),
        ("spam_in_relay", RELAY_COLUMNS, rows.relays),
    ):
        if each:
            await connection.copy_to_table(table, source=copy_stream(each), columns=columns, format="binary")
            await connection.execute(f"ANALYZE {table} ({_ASKED_BY[table]})")
    await connection.execute(_KNOWN, place.source_id, place.today)
    if place.member:
        known_from = await floor(connection)
        held = await archives.held_before(connection, place.source_id, place.member, rows.hashes, known_from)
        if held:
            await connection.execute(_NO_MAILS, held)
    if await connection.fetchval(_ARE_BLOCKED):
        await _leave_out(connection, rows, place.seed)
    return int(await connection.fetchval(_COUNT))


async def new_lists(connection: Connection, rows: Ready) -> dict[int, tuple[int, ...]]:
    """Return the lists of keys that new mails have, by their numbers."""
    return {row["t"]: rows.keys[row["t"]] for row in await connection.fetch(_LISTS)}


async def floor(connection: Connection) -> date:
    """Return from which day on all rows of mails are there."""
    months = await MONTHLY.months(connection)
    return MONTHLY.bounds_of(months[0])[0].date() if months else date.max


async def _leave_out(connection: Connection, rows: Ready, seed: int) -> None:
    """Take out what was forgotten for good: relays, hosts and whatever lies on them, URLs, files."""
    parts: dict[int, list[int]] = {}
    for part in rows.held:
        for key in _keys_of(part, seed):
            parts.setdefault(key, []).append(part.hash)
    asked = [*parts, *(one.key for one in rows.senders)]
    await _leave_words_out(connection, seed)
    found = [row["key"] for row in await connection.fetch(_BLOCKED, asked)]
    if not found:
        return
    await connection.execute(_NO_RELAYS, found)
    gone = sorted({each for key in found for each in parts.get(key, ())})
    if gone:
        await connection.execute(_NO_PARTS, gone)


async def _leave_words_out(connection: Connection, seed: int) -> None:
    """Take out subjects and records that name what was forgotten for good, wherever they do."""
    count = int(await connection.fetchval(_HIGHEST) or 0) + 1
    for start in range(0, count, _WORDS_AT_ONCE):
        rows = await connection.fetch(_WORDS, start, start + _WORDS_AT_ONCE)
        named = {row["n"]: keys_in(row["subject"], seed) | keys_in_json(row["rest"], seed) for row in rows}
        asked = list({key for keys in named.values() for key in keys})
        blocked = {row["key"] for row in await connection.fetch(_BLOCKED, asked)} if asked else set()
        if gone := [n for n, keys in named.items() if not blocked.isdisjoint(keys)]:
            await connection.execute(_NO_WORDS, gone)


def _keys_of(part: Part, seed: int) -> list[int]:
    """Return the keys of whatever a part names."""
    if part.what == FILE:
        return [key_of(seed, Kind.SHA256, part.shape)]
    keys = [key_of(seed, Kind.URL, part.example)] if part.what == URL and part.example else []
    host = part.host.removeprefix("*.")
    keys += [key_of(seed, kind, host) for kind in (Kind.IPV4, Kind.IPV6, Kind.DOMAIN)]
    while "." in host and not why_refused(host):
        keys.append(key_of(seed, Kind.DOMAIN, host))
        host = host.partition(".")[2]
    return keys


__all__ = ["MONTHLY", "enter", "floor", "new_lists"]
