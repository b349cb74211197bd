"""What a batch gives to tell: campaigns that have grown, and hosts of their URLs, once a day each.

Asyncio-flavoured; runs inside a writer's transaction, after the sums. A campaign is told at 5 mails, then at each
tenfold, counting what whoever may see the finding may see: sources marked as the batch's is, or less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tipd.model.canonical import canonical
from tipd.model.finding import NewFinding
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind
from tipd.model.spam import CAMPAIGN, URL
from tipd.model.tlp import Tlp
from tipd.model.trapped import campaign_name
from tipd.store import partitions, telling
from tipd.store.spam import sets, steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.store.connection import Connection, Row

MODULE = "spamtrap"
MOST_TOLD = 2000  # hosts a batch: the others are told with the next
_AT_ONCE = 500  # rows a statement
MOST_NAMED = 10  # hosts in a finding

_GROWN = f"""
SELECT c.id, c.key, c.told, sum(s.mails)::bigint AS mails, min(s.first) AS first, max(s.last) AS last
  FROM unnest($1::bigint[]) AS a (id)
 CROSS JOIN LATERAL (SELECT id, key, told FROM spam_campaign AS c WHERE c.id = a.id OFFSET 0) AS c
 CROSS JOIN LATERAL (SELECT source_id, mails, first, last FROM spam_campaign_source AS s
                      WHERE s.campaign = a.id OFFSET 0) AS s
 WHERE s.source_id = ANY ($2::integer[])
 GROUP BY c.id, c.key, c.told HAVING sum(s.mails) >= {steps.FIRST} ORDER BY c.id
"""  # noqa: S608 - our own number
_ABOUT = f"""
SELECT s.campaign, s.traps, s.relays, s.subject, s.last,
       ARRAY(SELECT host FROM spam_campaign_host AS h WHERE (h.campaign, h.source_id) = (s.campaign, s.source_id)
              ORDER BY mails DESC, host LIMIT {MOST_NAMED}) AS hosts
  FROM spam_campaign_source AS s
 WHERE s.campaign = ANY($1::bigint[]) AND s.source_id = ANY ($2::integer[]) ORDER BY s.last DESC
"""  # noqa: S608
_NOTED = """
UPDATE spam_campaign AS c SET told = n.told FROM unnest($1::bigint[], $2::bigint[]) AS n (id, told) WHERE c.id = n.id
"""
# Hosts of the batch that nobody who may see this source was told of today.
_HOSTS = f"""
SELECT n.campaign, c.key, n.host, h.mails, p.example, s.shape
  FROM spam_in_host AS n
 CROSS JOIN LATERAL (SELECT key FROM spam_campaign AS c WHERE c.id = n.campaign OFFSET 0) AS c
 CROSS JOIN LATERAL (
    SELECT sum(h.mails) FILTER (WHERE h.source_id = $1)::bigint AS mails, max(h.told) AS told
      FROM unnest($4::integer[]) AS v (id) CROSS JOIN LATERAL (
        SELECT source_id, mails, told FROM spam_campaign_host AS h
         WHERE h.campaign = n.campaign AND h.source_id = v.id AND h.host = n.host OFFSET 0) AS h) AS h
  LEFT JOIN (SELECT DISTINCT ON (campaign, host) campaign, host, part, example FROM spam_in_sum WHERE what = 1
              ORDER BY campaign, host, kept DESC, mails DESC, part) AS p ON (p.campaign, p.host) = (n.campaign, n.host)
  LEFT JOIN spam_in_part AS s ON s.part = p.part
 WHERE n.kept AND n.last > $3 AND coalesce(h.told < $2, true)
 ORDER BY n.mails DESC, n.campaign, n.host LIMIT {MOST_TOLD}
"""  # noqa: S608
_TOLD = """
UPDATE spam_campaign_host AS h SET told = $2
  FROM unnest($3::bigint[], $4::text[]) AS t (campaign, host)
 WHERE h.campaign = t.campaign AND h.source_id = $1 AND h.host = t.host
"""


class Teller(NamedTuple):
    """For which source something is told, and when; mails up to `fresh` are history."""

    source_id: int
    source: str
    mark: Tlp
    now: datetime
    fresh: datetime
    seed: int
    visible: list[int]  # sources that whoever may see this one may see


async def tell(connection: Connection, campaigns: Sequence[int], teller: Teller) -> tuple[int, frozenset[str]]:
    """Tell what there is to tell; return the last finding (0: none) and the kinds."""
    findings = await _campaigns(connection, campaigns, teller) + await _hosts(connection, teller)
    if not findings:
        return 0, frozenset()
    await partitions.ensure(connection, teller.now)
    last = 0
    for start in range(0, len(findings), _AT_ONCE):
        rows = [telling.told(finding, teller.seed) for finding in findings[start : start + _AT_ONCE]]
        seqs = await telling.insert(connection, rows, teller.now, {teller.source: teller.source_id})
        last = seqs[-1]
    return last, frozenset(finding.kind for finding in findings)


async def _campaigns(connection: Connection, campaigns: Sequence[int], teller: Teller) -> list[NewFinding]:
    rows = await connection.fetch(_GROWN, campaigns, teller.visible)
    grown = [row for row in rows if steps.step_of(row["mails"]) > steps.heard(row["told"], teller.mark)]
    if not grown:
        return []
    told = [steps.noted(row["told"], teller.mark, steps.step_of(row["mails"])) for row in grown]
    await connection.execute(_NOTED, [row["id"] for row in grown], told)
    about: dict[int, list[Row]] = {}
    for row in await connection.fetch(_ABOUT, [row["id"] for row in grown], teller.visible):
        about.setdefault(row["campaign"], []).append(row)
    return [_campaign(row, about[row["id"]], teller) for row in grown]


def _campaign(row: Row, about: Sequence[Row], teller: Teller) -> NewFinding:
    hosts = list(dict.fromkeys(host for one in about for host in one["hosts"]))[:MOST_NAMED]
    facts: dict[str, Any] = {
        "campaign": campaign_name(row["key"]),
        "mails": row["mails"],
        "traps": sets.distinct(one["traps"] for one in about),
        "relays": sets.distinct(one["relays"] for one in about),
        "first": row["first"],
        "last": row["last"],
        "hosts": hosts,
        "subject": next((one["subject"] for one in about if one["subject"]), ""),
    }
    return NewFinding(
        kind=CAMPAIGN, module=MODULE, source=teller.source, data=facts, initial=row["last"] <= teller.fresh
    )


async def _hosts(connection: Connection, teller: Teller) -> list[NewFinding]:
    today = teller.now.date()
    rows = await connection.fetch(_HOSTS, teller.source_id, today, teller.fresh, teller.visible)
    if not rows:
        return []
    columns = [row["campaign"] for row in rows], [row["host"] for row in rows]
    await connection.execute(_TOLD, teller.source_id, today, *columns)
    return [_host(row, subject, teller) for row in rows if (subject := subject_of(row["example"], row["host"]))]


def subject_of(example: str | None, host: str) -> Indicator | None:
    """Return what a host's finding is about: a URL on it, else its name; None where that is neither."""
    for text in (example or "", host.removeprefix("*.")):
        try:
            found = canonical(text)
        except RefusedValue:
            continue
        if found.kind in (Kind.URL, Kind.DOMAIN):
            return found
    return None


def _host(row: Row, subject: Indicator, teller: Teller) -> NewFinding:
    facts = {
        "campaign": campaign_name(row["key"]),
        "host": row["host"],
        "shape": row["shape"] or "",
        "count": row["mails"],
    }
    return NewFinding(kind=URL, module=MODULE, source=teller.source, subject=subject, data=facts)
