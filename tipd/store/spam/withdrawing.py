"""Mails taken back: their rows go, and with them what they counted; what nothing else shows any more is gone too.

Asyncio-flavoured; runs inside a writer's transaction, at most 20,000 mails each. Of a mail whose row retention has
removed nothing is known any more, so nothing of it can be taken back. A relay that no mail is evidence for any more is
delisted (`withdrawn`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.finding import INDICATOR_DELISTED
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store import closing, partitions
from tipd.store.spam import recounting
from tipd.store.spam.incoming import MONTHLY, PLAN
from tipd.store.spam.ready import hash_of
from tipd.store.spam.sightings import begun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.store.connection import Connection

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS spam_gone (
    hash bigint, at timestamptz, campaign bigint, defects bigint, size integer, class smallint, sighted boolean,
    relay inet, parts bigint[], subject text, whole boolean
) ON COMMIT DELETE ROWS
"""
# One descent of an index each, a month at a time: before there are statistics whole months would be read for each mail.
_TAKE_BACK = """
WITH gone AS (
    DELETE FROM {month} WHERE ctid = ANY (ARRAY(
        SELECT f.place FROM unnest($2::bigint[], $3::bytea[]) AS a (hash, tail) CROSS JOIN LATERAL (
            SELECT ctid AS place FROM {month} AS m
             WHERE m.hash = a.hash AND m.tail = a.tail AND m.source_id + 0 = $1 OFFSET 0) AS f))
    RETURNING *
)
INSERT INTO spam_gone
SELECT g.hash, g.at, coalesce(c.joined, c.id, 0), g.defects, g.size, g.class, g.sighted, g.relay, g.parts, g.subject,
       g.rest <> ''
  FROM gone AS g
  LEFT JOIN LATERAL (SELECT id, joined FROM spam_campaign AS c WHERE c.id = g.campaign OFFSET 0) AS c ON true
"""
_VOLUME = (
    """
UPDATE spam_day AS d SET mails = d.mails - g.mails, bytes = d.bytes - g.bytes
  FROM (SELECT (at AT TIME ZONE 'UTC')::date AS day, class, count(*) AS mails, sum(size) AS bytes
          FROM spam_gone GROUP BY 1, 2) AS g
 WHERE d.source_id = $1 AND d.day = g.day AND d.class = g.class
""",
    """
UPDATE spam_defect_day AS d SET mails = d.mails - g.mails
  FROM (SELECT (at AT TIME ZONE 'UTC')::date AS day, bit, count(*) AS mails
          FROM spam_gone CROSS JOIN generate_series(0, 62) AS b (bit)
         WHERE defects <> 0 AND defects & (1::bigint << bit) <> 0 GROUP BY 1, 2) AS g
 WHERE d.source_id = $1 AND d.day = g.day AND d.bit = g.bit
""",
    """
UPDATE spam_asn_day AS d SET mails = d.mails - g.mails
  FROM (SELECT (i.at AT TIME ZONE 'UTC')::date AS day, r.asn, count(*) AS mails
          FROM spam_gone AS i JOIN spam_relay AS r ON r.relay = i.relay AND r.source_id = $1 GROUP BY 1, 2) AS g
 WHERE d.source_id = $1 AND d.day = g.day AND d.asn = g.asn
""",
    *(
        f"DELETE FROM {table} WHERE source_id = $1 AND mails <= 0"  # noqa: S608
        for table in ("spam_day", "spam_defect_day", "spam_asn_day")
    ),
)
_CAMPAIGNS = (
    """
UPDATE spam_campaign_source AS s
   SET mails = s.mails - g.mails, kept = greatest(0, s.kept - g.kept),
       subject = CASE WHEN s.subject = ANY (g.subjects) THEN '' ELSE s.subject END
  FROM (SELECT campaign, count(*) AS mails, count(*) FILTER (WHERE whole)::integer AS kept,
               array_agg(DISTINCT subject) AS subjects FROM spam_gone GROUP BY 1) AS g
 WHERE s.campaign = g.campaign AND s.source_id = $1
""",
    """
UPDATE spam_campaign_day AS s SET mails = s.mails - g.mails
  FROM (SELECT campaign, (at AT TIME ZONE 'UTC')::date AS day, count(*) AS mails FROM spam_gone GROUP BY 1, 2) AS g
 WHERE s.campaign = g.campaign AND s.source_id = $1 AND s.day = g.day
""",
    """
UPDATE spam_campaign_part AS s SET mails = s.mails - g.mails
  FROM (SELECT campaign, u.part, count(*) AS mails FROM spam_gone CROSS JOIN unnest(parts) AS u (part)
         GROUP BY 1, 2) AS g
 WHERE s.campaign = g.campaign AND s.source_id = $1 AND s.part = g.part
""",
    """
UPDATE spam_campaign_part AS s SET example = '' FROM spam_gone AS g
 WHERE s.campaign = g.campaign AND s.source_id = $1 AND s.example_of = g.hash AND s.what = 1
""",
    """
UPDATE spam_campaign_host AS s SET mails = s.mails - g.mails
  FROM (SELECT campaign, host, count(*) AS mails
          FROM (SELECT DISTINCT g.campaign, g.hash, g.at, p.host
                  FROM spam_gone AS g CROSS JOIN unnest(g.parts) AS u (part)
                  JOIN spam_part AS p ON p.hash = u.part AND p.what < 2) AS held GROUP BY 1, 2) AS g
 WHERE s.campaign = g.campaign AND s.source_id = $1 AND s.host = g.host
""",
    *(
        f"DELETE FROM {table} AS s USING (SELECT DISTINCT campaign FROM spam_gone) AS g"  # noqa: S608
        " WHERE s.campaign = g.campaign AND s.source_id = $1 AND s.mails <= 0"
        for table in ("spam_campaign_source", "spam_campaign_day", "spam_campaign_part", "spam_campaign_host")
    ),
)
# Without any mail left the campaign is gone, with its keys and those that had joined it.
_EMPTY = """
WITH empty AS MATERIALIZED (
    SELECT DISTINCT g.campaign AS id FROM spam_gone AS g
     WHERE g.campaign <> 0 AND NOT EXISTS (SELECT FROM spam_campaign_source AS s WHERE s.campaign = g.campaign)
), keys AS (
    DELETE FROM spam_key AS k USING empty WHERE k.campaign = empty.id
), joined AS (
    DELETE FROM spam_campaign AS c USING empty WHERE c.joined = empty.id
)
DELETE FROM spam_campaign AS c USING empty WHERE c.id = empty.id
"""
_ORPHANS = """
DELETE FROM spam_part AS p USING (SELECT DISTINCT u.part FROM spam_gone CROSS JOIN unnest(parts) AS u (part)) AS g
 WHERE p.hash = g.part
   AND NOT EXISTS (SELECT FROM spam_campaign_part AS c WHERE c.part = p.hash)
   AND (p.what > 0 OR NOT EXISTS (SELECT FROM spam_campaign_host AS h WHERE h.host = p.host))
"""
_RELAYS = """
UPDATE spam_relay AS r SET mails = r.mails - g.mails, sighted = r.sighted - g.sighted
  FROM (SELECT relay, count(*) AS mails, count(*) FILTER (WHERE sighted) AS sighted
          FROM spam_gone WHERE relay IS NOT NULL GROUP BY 1) AS g
 WHERE r.relay = g.relay AND r.source_id = $1
RETURNING host(r.relay) AS relay, r.sighted, g.sighted AS gone
"""
_NO_RELAYS = """
DELETE FROM spam_relay AS r USING (SELECT DISTINCT relay FROM spam_gone) AS g
 WHERE r.relay = g.relay AND r.source_id = $1 AND r.mails <= 0
"""


class Gone(NamedTuple):
    """How many mails were taken back, and what was told of it."""

    mails: int = 0
    last_seq: int = 0
    kinds: frozenset[str] = frozenset()


async def withdraw(connection: Connection, source_id: int, shas: Sequence[bytes], now: datetime, seed: int) -> Gone:
    """Take back what the source brought of these mails (SHA-256)."""
    if not shas:
        return Gone()
    halves = [hash_of(sha) for sha in dict.fromkeys(shas)]
    await connection.execute(f"{_TABLE}; {PLAN}")
    asked, mails = ([one for one, _ in halves], [tail for _, tail in halves]), 0
    for month in await MONTHLY.months(connection):
        done = await connection.execute(_TAKE_BACK.format(month=month), source_id, *asked)
        mails += int(done.rpartition(" ")[2])
    if not mails:
        return Gone()
    await connection.execute("ANALYZE spam_gone")
    for query in (*_VOLUME, *_CAMPAIGNS):
        await connection.execute(query, source_id)
    relays = await connection.fetch(_RELAYS, source_id)
    await connection.execute(_NO_RELAYS, source_id)
    await connection.execute(_EMPTY)
    await connection.execute(_ORPHANS)
    await recounting.campaigns(connection, source_id, seed)
    await recounting.relays(connection, source_id, seed)
    unseen = [_key(seed, row["relay"]) for row in relays if row["gone"] and row["sighted"] <= 0]
    if not unseen:
        return Gone(mails)
    await partitions.ensure(connection, now)
    change = await begun(connection, source_id, now, 0)
    closed = await closing.close(connection, change, unseen, closing.WITHDRAWN)
    return Gone(mails, closed.last_seq, frozenset((INDICATOR_DELISTED,)) if closed.result else frozenset())


def _key(seed: int, address: str) -> int:
    return key_of(seed, Kind.IPV6 if ":" in address else Kind.IPV4, address)
