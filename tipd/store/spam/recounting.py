"""What counts cannot say is looked up again in the rows that are left: first and last, distinct traps and relays.

Asyncio-flavoured; after mails were taken back (`spam_gone`). Only where all rows of a campaign or relay are still there
and they are not too many: else what stood stays, which may then name a moment or a trap of a mail that is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.spam import joining
from tipd.store.spam.sets import MOST
from tipd.store.spam.sightings import CONTEXT

if TYPE_CHECKING:
    from tipd.store.connection import Connection

MOST_ROWS = 100_000  # read again in one transaction

_CHOSEN = """
CREATE TEMPORARY TABLE IF NOT EXISTS spam_again (
    campaign bigint, at timestamptz, trap bigint, relay inet, parts bigint[]
) ON COMMIT DELETE ROWS
"""
_READ = f"""
WITH few AS MATERIALIZED (
    SELECT campaign, mails FROM (
        SELECT s.campaign, s.mails, sum(s.mails) OVER (ORDER BY s.mails, s.campaign) AS together
          FROM spam_campaign_source AS s
         WHERE s.source_id = $1 AND s.campaign IN (SELECT campaign FROM spam_gone)) AS s
     WHERE together <= {MOST_ROWS}
), rows AS MATERIALIZED (
    SELECT few.campaign, few.mails, m.at, m.trap, m.relay, m.parts
      FROM few CROSS JOIN LATERAL (
           SELECT id FROM spam_campaign WHERE id = few.campaign
            UNION ALL SELECT id FROM spam_campaign WHERE joined = few.campaign) AS c
     CROSS JOIN LATERAL (SELECT * FROM spam_mail AS m WHERE m.campaign = c.id AND m.source_id + 0 = $1 OFFSET 0) AS m
), whole AS (
    SELECT campaign FROM rows GROUP BY campaign, mails HAVING count(*) = mails
)
INSERT INTO spam_again (campaign, at, trap, relay, parts)
SELECT campaign, at, trap, relay, parts FROM rows JOIN whole USING (campaign)
"""  # noqa: S608 - our own number
_SOURCE = f"""
UPDATE spam_campaign_source AS s
   SET first = a.first, last = a.last, traps = coalesce(t.found, '{{}}'), relays = coalesce(r.found, '{{}}')
  FROM (SELECT campaign, min(at) AS first, max(at) AS last FROM spam_again GROUP BY 1) AS a
  LEFT JOIN (SELECT campaign, (array_agg(DISTINCT trap))[:{MOST}] AS found
               FROM spam_again WHERE trap <> 0 GROUP BY 1) AS t USING (campaign)
  LEFT JOIN (SELECT a.campaign, (array_agg(DISTINCT k.key))[:{MOST}] AS found
               FROM spam_again AS a JOIN unnest($2::inet[], $3::bigint[]) AS k (relay, key) USING (relay)
              GROUP BY 1) AS r USING (campaign)
 WHERE s.campaign = a.campaign AND s.source_id = $1
"""  # noqa: S608
_DAYS = f"""
UPDATE spam_campaign_day AS s SET traps = coalesce(a.found, '{{}}')
  FROM (SELECT campaign, (at AT TIME ZONE 'UTC')::date AS day,
               (array_agg(DISTINCT trap) FILTER (WHERE trap <> 0))[:{MOST}] AS found FROM spam_again GROUP BY 1, 2) AS a
 WHERE s.campaign = a.campaign AND s.source_id = $1 AND s.day = a.day
"""  # noqa: S608
_PARTS = """
UPDATE spam_campaign_part AS s SET first = a.first, last = a.last
  FROM (SELECT campaign, u.part, min(at) AS first, max(at) AS last
          FROM spam_again CROSS JOIN unnest(parts) AS u (part) GROUP BY 1, 2) AS a
 WHERE s.campaign = a.campaign AND s.source_id = $1 AND s.part = a.part
"""
_HOSTS = """
UPDATE spam_campaign_host AS s SET first = a.first, last = a.last
  FROM (SELECT campaign, p.host, min(at) AS first, max(at) AS last
          FROM spam_again CROSS JOIN unnest(parts) AS u (part) JOIN spam_part AS p ON p.hash = u.part AND p.what < 2
         GROUP BY 1, 2) AS a
 WHERE s.campaign = a.campaign AND s.source_id = $1 AND s.host = a.host
"""
_RELAYS = f"""
WITH few AS MATERIALIZED (
    SELECT relay, mails FROM (
        SELECT r.relay, r.mails, sum(r.mails) OVER (ORDER BY r.mails, r.relay) AS together FROM spam_relay AS r
         WHERE r.source_id = $1 AND r.relay IN (SELECT relay FROM spam_gone)) AS r
     WHERE together <= {MOST_ROWS}
), left_over AS (
    SELECT few.relay, min(m.at) AS first, max(m.at) AS last, max(m.at) FILTER (WHERE m.sighted) AS sighted_last,
           coalesce(bit_or((1 << m.trap_kind)::smallint) FILTER (WHERE m.sighted AND m.trap_kind > 0), 0) AS kinds
      FROM few CROSS JOIN LATERAL (
           SELECT * FROM spam_mail AS m WHERE m.relay = few.relay AND m.source_id + 0 = $1 OFFSET 0) AS m
     GROUP BY few.relay, few.mails HAVING count(*) = few.mails
)
UPDATE spam_relay AS r SET first = l.first, last = l.last, sighted_last = l.sighted_last, kinds = l.kinds
  FROM left_over AS l WHERE r.relay = l.relay AND r.source_id = $1
RETURNING host(r.relay) AS relay
"""  # noqa: S608
_SEEN = f"""
UPDATE sighting AS s SET seen = greatest(s.opened, r.sighted_last), context = {CONTEXT}
  FROM unnest($2::inet[], $3::bigint[]) AS k (relay, key) JOIN spam_relay AS r ON r.relay = k.relay AND r.source_id = $1
 WHERE s.key = k.key AND s.source_id = $1 AND s.closed IS NULL AND r.sighted > 0
"""  # noqa: S608
_THEIR_RELAYS = "SELECT DISTINCT host(relay) AS relay FROM spam_again WHERE relay IS NOT NULL"


async def campaigns(connection: Connection, source_id: int, seed: int) -> None:
    """Look up again what is left of the campaigns that lost mails."""
    await connection.execute(_CHOSEN)
    await connection.execute(_READ, source_id)
    relays = [row["relay"] for row in await connection.fetch(_THEIR_RELAYS)]
    await connection.execute(_SOURCE, source_id, relays, [_key(seed, one) for one in relays])
    for query in (_DAYS, _PARTS, _HOSTS):
        await connection.execute(query, source_id)
    ids = [row["campaign"] for row in await connection.fetch("SELECT DISTINCT campaign FROM spam_gone")]
    await connection.execute(joining.COUNT, ids)


async def relays(connection: Connection, source_id: int, seed: int) -> None:
    """Look up again what is left of the relays that lost mails, and let their sightings say so."""
    found = [row["relay"] for row in await connection.fetch(_RELAYS, source_id)]
    if found:
        await connection.execute(_SEEN, source_id, found, [_key(seed, one) for one in found])


def _key(seed: int, address: str) -> int:
    return key_of(seed, Kind.IPV6 if ":" in address else Kind.IPV4, address)
