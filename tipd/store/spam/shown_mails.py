"""Stored mails, and what spam says of one value, as far as a caller may see. Asyncio-flavoured."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.mail.defects import words
from tipd.model.spam import CLASSES
from tipd.model.trapped import MailTold, SpamSeen
from tipd.store.spam import asked, shown_campaign, shown_campaigns
from tipd.store.spam.ready import hash_of, sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tipd.model.tlp import Tlp
    from tipd.store.connection import Connection, Row
    from tipd.store.spam.asked import Source, Value

MOST_CAMPAIGNS = 20
LOOKED_AT = 100_000  # mails of campaigns that have a value, and mails of a relay
_COLUMNS = """m.hash, m.tail, m.at, m.class, m.size, m.source_id, host(m.relay) AS relay, m.trap, m.subject, m.defects,
       m.rest, (SELECT coalesce(j.key, c.key) FROM spam_campaign AS c LEFT JOIN spam_campaign AS j ON j.id = c.joined
                 WHERE c.id = m.campaign) AS campaign"""
_LATER = """
   AND ($2::timestamptz IS NULL OR m.at >= $2) AND ($3::timestamptz IS NULL OR m.at <= $3)
   AND ($4::timestamptz IS NULL OR (m.at, m.hash) < ($4, $5))
"""
# The latest of each source, then of all of them.
_LATEST = f"""
SELECT {_COLUMNS} FROM unnest($1::integer[]) AS v (id) CROSS JOIN LATERAL (
    SELECT * FROM spam_mail AS m WHERE m.source_id = v.id {_LATER} ORDER BY m.at DESC LIMIT $6 + 100) AS m
 ORDER BY m.at DESC, m.hash DESC LIMIT $6
"""  # noqa: S608 - our own words
_OF = f"""
SELECT {_COLUMNS} FROM ({{rows}}) AS m
 WHERE m.source_id = ANY($1::integer[]) {_LATER} ORDER BY m.at DESC, m.hash DESC LIMIT $6
"""  # noqa: S608
_ROWS = {
    "mail": "SELECT * FROM spam_mail WHERE hash = $7 AND tail = $8",
    "relay": f"SELECT * FROM spam_mail WHERE relay = $7::inet LIMIT {LOOKED_AT}",  # noqa: S608
    "campaign": f"""SELECT * FROM spam_mail WHERE campaign = ANY($7::bigint[])
     ORDER BY taken DESC LIMIT {LOOKED_AT}""",  # noqa: S608
    "parts": f"""SELECT * FROM spam_mail WHERE campaign = ANY($7::bigint[]) AND parts && $8::bigint[]
     ORDER BY taken DESC LIMIT {LOOKED_AT}""",  # noqa: S608
}
_IDS = "SELECT id FROM spam_campaign WHERE id = ANY($1::bigint[]) OR joined = ANY($1::bigint[])"
_PARTS_ON = "SELECT hash FROM spam_part WHERE host = ANY($1::text[]) AND what < 2"
_WITH_HOST = """
SELECT DISTINCT campaign AS id FROM spam_campaign_host WHERE host = ANY($1::text[]) AND source_id = ANY($2::integer[])
"""
_WITH_PART = "SELECT DISTINCT campaign AS id FROM spam_campaign_part WHERE part = $1 AND source_id = ANY($2::integer[])"
_PLACE = """
SELECT at, hash FROM spam_mail WHERE hash = $1 AND tail = $2 AND source_id = ANY($3::integer[]) ORDER BY at LIMIT 1
"""

_SUMS = {
    "relay": """SELECT array_agg(DISTINCT source_id) AS sources, sum(mails)::bigint AS mails, min(first) AS first,
       max(last) AS last FROM spam_relay WHERE relay = $1::inet AND source_id = ANY($2::integer[])""",
    "host": """SELECT array_agg(DISTINCT source_id) AS sources, sum(mails)::bigint AS mails, min(first) AS first,
       max(last) AS last FROM spam_campaign_host WHERE host = ANY($1::text[]) AND source_id = ANY($2::integer[])""",
    "part": """SELECT array_agg(DISTINCT source_id) AS sources, sum(mails)::bigint AS mails, min(first) AS first,
       max(last) AS last FROM spam_campaign_part WHERE part = $1 AND source_id = ANY($2::integer[])""",
    "mail": """SELECT array_agg(DISTINCT source_id) AS sources, count(*) AS mails, min(at) AS first, max(at) AS last
       FROM spam_mail WHERE hash = $1 AND tail = $3 AND source_id = ANY($2::integer[])""",
}
_HOW = {1: "url", 2: "attachment"}
_LATEST_OF = """
SELECT campaign AS id FROM spam_campaign_source WHERE campaign = ANY($1::bigint[]) AND source_id = ANY($2::integer[])
 GROUP BY 1 ORDER BY max(last) DESC LIMIT $3
"""
_OF_RELAY = f"""
SELECT DISTINCT coalesce(c.joined, c.id) AS id FROM (
    SELECT campaign FROM spam_mail WHERE relay = $1::inet AND source_id + 0 = ANY($2::integer[]) LIMIT {LOOKED_AT}) AS m
  JOIN spam_campaign AS c ON c.id = m.campaign
"""  # noqa: S608
_OF_MAIL = """
SELECT DISTINCT coalesce(c.joined, c.id) AS id FROM spam_mail AS m JOIN spam_campaign AS c ON c.id = m.campaign
 WHERE m.hash = $1 AND m.tail = $3 AND m.source_id = ANY($2::integer[])
"""


class Choice(NamedTuple):
    """Which mails are asked for; `after`: the SHA-256 of the last one of the page before."""

    max_tlp: Tlp
    value: Value | None = None
    sha256: bytes | None = None
    campaign: int | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 100
    after: bytes | None = None


async def mails(connection: Connection, choice: Choice) -> list[MailTold]:
    """Return mails, the latest first."""
    seen = await asked.sources(connection, choice.max_tlp)
    chosen = {one: each for one, each in seen.items() if choice.source in (None, each.name)}
    place = None
    if choice.after is not None:
        place = await connection.fetchrow(_PLACE, *hash_of(choice.after), list(chosen))
        if place is None:
            return []
    after = (None, None) if place is None else (place["at"], place["hash"])
    args: list[Any] = [list(chosen), choice.since, choice.until, *after, choice.limit]
    found = await _rows(connection, choice, args)
    return [_told(row, seen) for row in found]


async def _rows(connection: Connection, choice: Choice, args: list[Any]) -> list[Row]:
    if choice.sha256 is not None:
        return await connection.fetch(_OF.format(rows=_ROWS["mail"]), *args, *hash_of(choice.sha256))
    if choice.campaign is not None:
        number = await shown_campaign.find(connection, choice.campaign)
        ids = [] if number is None else await _ids(connection, [number])
        return await connection.fetch(_OF.format(rows=_ROWS["campaign"]), *args, ids)
    if choice.value is None:
        return await connection.fetch(_LATEST, *args)
    return await _with_value(connection, choice.value, args)


async def _with_value(connection: Connection, value: Value, args: list[Any]) -> list[Row]:
    sources = args[0]
    found: dict[tuple[int, bytes, int], Row] = {}
    if value.sha256 is not None:
        for row in await connection.fetch(_OF.format(rows=_ROWS["mail"]), *args, *hash_of(value.sha256)):
            found[row["hash"], row["tail"], row["source_id"]] = row
    if value.address is not None:
        for row in await connection.fetch(_OF.format(rows=_ROWS["relay"]), *args, value.address):
            found[row["hash"], row["tail"], row["source_id"]] = row
    parts, campaigns = await _holding(connection, value, sources)
    if campaigns:
        ids = await _ids(connection, campaigns)
        for row in await connection.fetch(_OF.format(rows=_ROWS["parts"]), *args, ids, parts):
            found[row["hash"], row["tail"], row["source_id"]] = row
    return sorted(found.values(), key=lambda row: (row["at"], row["hash"]), reverse=True)[: args[5]]


async def _holding(connection: Connection, value: Value, sources: list[int]) -> tuple[list[int], list[int]]:
    """Return the parts that a value stands for, and the campaigns that have them."""
    if value.part is not None:
        rows = await connection.fetch(_WITH_PART, value.part, sources)
        return [value.part], [row["id"] for row in rows]
    if not value.hosts:
        return [], []
    parts = [row["hash"] for row in await connection.fetch(_PARTS_ON, list(value.hosts))]
    rows = await connection.fetch(_WITH_HOST, list(value.hosts), sources)
    return parts, [row["id"] for row in rows]


async def _ids(connection: Connection, campaigns: list[int]) -> list[int]:
    return [row["id"] for row in await connection.fetch(_IDS, campaigns)]


def _told(row: Row, seen: Mapping[int, Source]) -> MailTold:
    source = seen[row["source_id"]]
    return MailTold(
        sha256=sha256_of(row["hash"], row["tail"]).hex(),
        at=row["at"],
        class_=CLASSES[row["class"]] if 0 <= row["class"] < len(CLASSES) else "spam",
        size=row["size"],
        source=source.name,
        tlp=source.tlp,
        relay=row["relay"],
        trap=struct.pack("!q", row["trap"]).hex() if row["trap"] else "",
        campaign=row["campaign"],
        subject=row["subject"],
        defects=words(row["defects"]),
        record=_record(row["rest"]),
    )


def _record(rest: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(rest, type=dict[str, Any]) if rest else {}
    except (msgspec.MsgspecError, UnicodeError):
        return {}


async def seen(connection: Connection, value: Value, max_tlp: Tlp) -> SpamSeen | None:
    """Return what spam says of a value; None where it says nothing to this caller."""
    sources = await asked.sources(connection, max_tlp)
    found: list[tuple[str, Row]] = []
    for how, query, args in _questions(value):
        row = await connection.fetchrow(query, args[0], list(sources), *args[1:])
        if row is not None and row["mails"]:
            found.append((how, row))
    if not found:
        return None
    ids = await _campaigns(connection, value, list(sources))
    rows = await shown_campaigns.of(connection, ids, sources)
    return SpamSeen(
        mails=max(row["mails"] for _, row in found),
        first=min(row["first"] for _, row in found),
        last=max(row["last"] for _, row in found),
        how=tuple(how for how, _ in found),
        campaigns=tuple(rows[one] for one in ids if one in rows),
        sources=tuple(sorted({sources[one].name for _, row in found for one in row["sources"]})),
    )


def _questions(value: Value) -> list[tuple[str, str, tuple[Any, ...]]]:
    asks: list[tuple[str, str, tuple[Any, ...]]] = []
    if value.address is not None:
        asks.append(("relay", _SUMS["relay"], (value.address,)))
    if value.hosts:
        asks.append(("host", _SUMS["host"], (list(value.hosts),)))
    if value.part is not None:
        asks.append((_HOW[value.what], _SUMS["part"], (value.part,)))
    if value.sha256 is not None:
        asks.append(("mail", _SUMS["mail"], hash_of(value.sha256)))
    return asks


async def _campaigns(connection: Connection, value: Value, sources: list[int]) -> list[int]:
    """Return the latest campaigns that have a value."""
    _, ids = await _holding(connection, value, sources)
    if value.address is not None:
        ids += [row["id"] for row in await connection.fetch(_OF_RELAY, value.address, sources)]
    if value.sha256 is not None:
        hash_, tail = hash_of(value.sha256)
        ids += [row["id"] for row in await connection.fetch(_OF_MAIL, hash_, sources, tail)]
    return [row["id"] for row in await connection.fetch(_LATEST_OF, ids, sources, MOST_CAMPAIGNS)]
