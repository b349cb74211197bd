"""One campaign with what is kept of it, as far as a caller may see. Asyncio-flavoured."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tipd.model.trapped import (
    CampaignDetail,
    CampaignFile,
    CampaignHost,
    CampaignRelay,
    CampaignTrap,
    CampaignUrl,
    DayCount,
)
from tipd.store.spam import asked, shown_campaigns
from tipd.store.spam.ready import FILE, URL
from tipd.store.spam.shares import MOST_HOSTS

if TYPE_CHECKING:
    from tipd.model.tlp import Tlp
    from tipd.store.connection import Connection, Row

MOST = 100  # relays and traps
MOST_SUBJECTS = 10
LOOKED_AT = 50_000  # of its mails

_FIND = """
SELECT coalesce(c.joined, c.id) AS id FROM spam_key AS k JOIN spam_campaign AS c ON c.id = k.campaign WHERE k.key = $1
UNION ALL
SELECT coalesce(joined, id) FROM spam_campaign WHERE id IN (SELECT id FROM spam_campaign WHERE key = $1) LIMIT 1
"""
_JOINED = "SELECT id, key FROM spam_campaign WHERE joined = $1 ORDER BY id"
_DAYS = """
SELECT day, sum(mails)::bigint AS mails FROM spam_campaign_day
 WHERE campaign = $1 AND source_id = ANY($2::integer[]) GROUP BY 1 ORDER BY 1
"""
_PARTS = """
SELECT c.what, p.host, p.shape, p.size, min(c.first) AS first, max(c.last) AS last, sum(c.mails)::bigint AS mails,
       coalesce((array_agg(c.example ORDER BY c.last DESC) FILTER (WHERE c.example <> ''))[1], '') AS example
  FROM spam_campaign_part AS c JOIN spam_part AS p ON p.hash = c.part
 WHERE c.campaign = $1 AND c.source_id = ANY($2::integer[]) GROUP BY c.what, p.hash ORDER BY mails DESC, p.host, p.shape
"""
_HOSTS = f"""
SELECT host, min(first) AS first, max(last) AS last, sum(mails)::bigint AS mails FROM spam_campaign_host
 WHERE campaign = $1 AND source_id = ANY($2::integer[]) GROUP BY 1 ORDER BY mails DESC, host LIMIT {MOST_HOSTS}
"""  # noqa: S608 - our own number
_CUT = """
SELECT coalesce(sum(urls_cut), 0)::bigint AS urls, coalesce(sum(hosts_cut), 0)::bigint AS hosts
  FROM spam_campaign_source WHERE campaign = $1 AND source_id = ANY($2::integer[])
"""
_SOME = f"""
SELECT source_id, at, relay, trap, subject FROM spam_mail
 WHERE campaign = ANY($1::bigint[]) AND source_id + 0 = ANY($2::integer[]) LIMIT {LOOKED_AT}
"""  # noqa: S608
_RELAYS = f"""
SELECT host(m.relay) AS address, m.first, m.last, m.count,
       (SELECT max(asn) FROM spam_relay AS r WHERE r.relay = m.relay AND r.source_id = ANY($2::integer[])) AS asn
  FROM (SELECT relay, min(at) AS first, max(at) AS last, count(*) AS count FROM ({_SOME}) AS m
         WHERE relay IS NOT NULL GROUP BY 1 ORDER BY count DESC, relay LIMIT {MOST}) AS m ORDER BY m.count DESC, m.relay
"""  # noqa: S608
_TRAPS = f"""
SELECT trap, source_id, count(*) AS mails, min(at) AS first, max(at) AS last FROM ({_SOME}) AS m
 WHERE trap <> 0 GROUP BY 1, 2 ORDER BY mails DESC, trap LIMIT {MOST}
"""  # noqa: S608
_SUBJECTS = f"""
SELECT subject FROM ({_SOME}) AS m WHERE subject <> '' GROUP BY 1 ORDER BY max(at) DESC LIMIT {MOST_SUBJECTS}
"""  # noqa: S608


async def find(connection: Connection, key: int) -> int | None:
    """Return the id of the campaign that has a key, or whose name it is or was."""
    return await connection.fetchval(_FIND, key)  # type: ignore[no-any-return]


async def detail(connection: Connection, key: int, max_tlp: Tlp) -> CampaignDetail | None:
    """Return one campaign; None where there is none that may be seen."""
    number = await find(connection, key)
    seen = await asked.sources(connection, max_tlp)
    row = None if number is None else (await shown_campaigns.of(connection, [number], seen)).get(number)
    if number is None or row is None:
        return None
    joined = await connection.fetch(_JOINED, number)
    own, ids, sources = number, [number, *(one["id"] for one in joined)], list(seen)
    parts = await connection.fetch(_PARTS, own, sources)
    urls, files = ([one for one in parts if one["what"] == what] for what in (URL, FILE))
    hosts = await connection.fetch(_HOSTS, own, sources)
    relays = await connection.fetch(_RELAYS, ids, sources)
    traps = await connection.fetch(_TRAPS, ids, sources)
    cut = await connection.fetchrow(_CUT, own, sources)
    subjects = [one["subject"] for one in await connection.fetch(_SUBJECTS, ids, sources)]
    days = await connection.fetch(_DAYS, own, sources)
    return CampaignDetail(
        row=row,
        days=tuple(DayCount(day=one["day"], mails=one["mails"]) for one in days),
        urls=tuple(_url(one) for one in urls),
        hosts=tuple(_host(one, urls) for one in hosts),
        attachments=tuple(_file(one) for one in files),
        relays=tuple(CampaignRelay(**{**one, "asn": one["asn"] or 0}) for one in relays),
        traps=tuple(_trap(one, seen[one["source_id"]].name) for one in traps),
        subjects=tuple(subjects) or ((row.subject,) if row.subject else ()),
        urls_cut=0 if cut is None else cut["urls"],
        hosts_cut=0 if cut is None else cut["hosts"],
        merged=tuple(one["key"] for one in joined),
        more=row.mails > LOOKED_AT or len(relays) == MOST or len(traps) == MOST,
    )


def _url(row: Row) -> CampaignUrl:
    return CampaignUrl(
        host=row["host"],
        shape=row["shape"],
        example=row["example"],
        first=row["first"],
        last=row["last"],
        count=row["mails"],
    )


def _host(row: Row, urls: list[Row]) -> CampaignHost:
    shapes = sum(one["host"] == row["host"] for one in urls)
    return CampaignHost(host=row["host"], first=row["first"], last=row["last"], count=row["mails"], shapes=shapes)


def _file(row: Row) -> CampaignFile:
    return CampaignFile(
        sha256=row["shape"], name=row["example"], real=row["host"], size=row["size"], count=row["mails"]
    )


def _trap(row: Row, source: str) -> CampaignTrap:
    return CampaignTrap(
        trap=struct.pack("!q", row["trap"]).hex(),
        source=source,
        mails=row["mails"],
        first=row["first"],
        last=row["last"],
    )
