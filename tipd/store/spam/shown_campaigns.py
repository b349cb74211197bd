"""Campaigns as lists show them, as far as a caller may see. Asyncio-flavoured.

The latest are found through each source's latest, whatever the number of campaigns: a campaign that belongs on the page
stands on that of one of its sources. Other orders, and a text, look at all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tipd.model.tlp import Tlp
from tipd.model.trapped import CampaignPage, CampaignRow
from tipd.store.spam import asked, sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tipd.store.connection import Connection, Row
    from tipd.store.spam.asked import Source

_MICROS = "(extract(epoch FROM {moment}) * 1000000)::bigint"
# By what a list is sorted, descending.
ORDERS = {
    "last": _MICROS.format(moment="max(s.last)"),
    "first": _MICROS.format(moment="min(s.first)"),
    "mails": "sum(s.mails)::bigint",
    "traps": "max(cardinality(s.traps))::bigint * 1000000000 + sum(s.mails)::bigint",
}
_WIDER = 4  # times the page, of each source
_LATEST = """
SELECT DISTINCT l.campaign FROM unnest($1::integer[]) AS v (id) CROSS JOIN LATERAL (
    SELECT campaign FROM spam_campaign_source AS s
     WHERE s.source_id = v.id AND ($2::timestamptz IS NULL OR s.last <= $2)
     ORDER BY s.last DESC LIMIT $3) AS l
"""
_PAGE = """
SELECT * FROM (
    SELECT s.campaign AS id, {order} AS place FROM spam_campaign_source AS s
     WHERE s.source_id = ANY($1::integer[]) {some}
     GROUP BY s.campaign
    HAVING ($2::timestamptz IS NULL OR max(s.last) >= $2) AND ($3::timestamptz IS NULL OR min(s.first) <= $3)) AS p
 WHERE $4::bigint IS NULL OR (place, id) < ($4, $5)
 ORDER BY place DESC, id DESC LIMIT $6
"""
_SOME = "AND s.campaign = ANY($7::bigint[])"
_TEXT = """
AND s.campaign IN (
    SELECT campaign FROM spam_campaign_source AS t
     WHERE t.source_id = ANY($1::integer[]) AND strpos(lower(t.subject), $7) > 0
     UNION ALL
    SELECT campaign FROM spam_campaign_host AS h WHERE h.source_id = ANY($1::integer[]) AND strpos(h.host, $7) > 0)
"""
_ROWS = """
SELECT s.campaign AS id, c.key, s.source_id, s.mails, s.first, s.last, s.urls, s.files, s.hosts, s.subject, s.traps,
       s.relays, s.urls_cut, s.hosts_cut
  FROM spam_campaign_source AS s JOIN spam_campaign AS c ON c.id = s.campaign
 WHERE s.campaign = ANY($1::bigint[]) AND s.source_id = ANY($2::integer[]) ORDER BY s.last DESC
"""
_KEPT = """
SELECT campaign AS id, count(DISTINCT part) FILTER (WHERE what = 1) AS urls,
       count(DISTINCT part) FILTER (WHERE what = 2) AS files,
       (SELECT count(DISTINCT host) FROM spam_campaign_host AS h
         WHERE h.campaign = p.campaign AND h.source_id = ANY($2::integer[])) AS hosts
  FROM spam_campaign_part AS p WHERE campaign = ANY($1::bigint[]) AND source_id = ANY($2::integer[]) GROUP BY 1
"""


class Choice(NamedTuple):
    """Which campaigns are asked for."""

    max_tlp: Tlp
    since: datetime | None
    until: datetime | None
    order: str
    text: str
    limit: int
    after: tuple[int, int] | None


async def page(connection: Connection, choice: Choice) -> CampaignPage:
    """Return a page of campaigns."""
    seen = await asked.sources(connection, choice.max_tlp)
    found = await _places(connection, choice, list(seen))
    ids = [row["id"] for row in found[: choice.limit]]
    rows = await of(connection, ids, seen)
    more = len(found) > choice.limit
    last = found[choice.limit - 1] if more else None
    return CampaignPage(
        rows=tuple(rows[one] for one in ids if one in rows),
        next="" if last is None else f"{last['place']}.{last['id']}",
    )


async def _places(connection: Connection, choice: Choice, seen: list[int]) -> list[Row]:
    """Return the next campaigns' ids and places, one more than asked for."""
    after = choice.after or (None, None)
    args: list[Any] = [seen, choice.since, choice.until, *after, choice.limit + 1]
    order = ORDERS[choice.order]
    if choice.text:
        query = _PAGE.format(order=order, some=_TEXT)
        return await connection.fetch(query, *args, choice.text.lower())
    if choice.order == "last" and choice.until is None:
        wide = _WIDER * (choice.limit + 1)
        edge = "to_timestamp($2::bigint / 1000000.0) + interval '1 millisecond'"
        latest = _LATEST.replace("s.last <= $2", f"s.last <= {edge}").replace(
            "$2::timestamptz IS NULL", "$2::bigint IS NULL"
        )
        ids = [row["campaign"] for row in await connection.fetch(latest, seen, after[0], wide)]
        rows = await connection.fetch(_PAGE.format(order=order, some=_SOME), *args, ids)
        if len(rows) > choice.limit or len(ids) < wide:
            return rows
    return await connection.fetch(_PAGE.format(order=order, some=""), *args)


async def of(connection: Connection, ids: Sequence[int], seen: Mapping[int, Source]) -> dict[int, CampaignRow]:
    """Return campaigns by their ids, as far as these sources tell of them."""
    parts: dict[int, list[Row]] = {}
    for row in await connection.fetch(_ROWS, list(ids), list(seen)):
        parts.setdefault(row["id"], []).append(row)
    several = [one for one, rows in parts.items() if len(rows) > 1]
    kept = {row["id"]: row for row in await connection.fetch(_KEPT, several, list(seen))} if several else {}
    return {one: _row(rows, seen, kept.get(one)) for one, rows in parts.items()}


def _row(rows: Sequence[Row], seen: Mapping[int, Source], kept: Row | None) -> CampaignRow:
    """Return one campaign of what its sources tell, the latest first; `kept`: what several of them keep together."""
    own = kept or rows[0]
    sources = [seen[row["source_id"]] for row in rows]
    return CampaignRow(
        key=rows[0]["key"],
        first=min(row["first"] for row in rows),
        last=rows[0]["last"],
        mails=sum(row["mails"] for row in rows),
        traps=sets.distinct(row["traps"] for row in rows),
        relays=sets.distinct(row["relays"] for row in rows),
        urls=own["urls"],
        hosts=own["hosts"],
        attachments=own["files"],
        subject=next((row["subject"] for row in rows if row["subject"]), ""),
        sources=tuple(sorted(one.name for one in sources)),
        tlp=max(one.tlp for one in sources),  # what is shown here holds what each of them said
    )
