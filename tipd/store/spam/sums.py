"""What a batch's new mails add up to: campaigns, their days, URLs, files and hosts; volume, networks, relays.

Asyncio-flavoured; over `spam_in` and the tables beside it (`incoming`), which hold what is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.store.spam import joining
from tipd.store.spam.ready import KEPT_WHOLE
from tipd.store.spam.sets import MOST, UNION
from tipd.store.spam.shares import MOST_FILES, MOST_HOSTS, MOST_URLS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tipd.store.connection import Connection

_BELONG = """
INSERT INTO spam_in_list (t, campaign, kept)
SELECT l.t, l.campaign, coalesce(c.kept, 0) FROM unnest($1::integer[], $2::bigint[]) AS l (t, campaign)
  LEFT JOIN LATERAL (SELECT kept FROM spam_campaign_source AS c
        WHERE c.campaign = l.campaign AND c.source_id = $3 OFFSET 0) AS c ON true
"""
_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in_sum (
    campaign bigint, part bigint, what smallint, mails bigint, first timestamptz, last timestamptz, hash bigint,
    host text COLLATE "C", example text, kept boolean
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in_host (
    campaign bigint, host text COLLATE "C", mails bigint, first timestamptz, last timestamptz, kept boolean
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS spam_in_seen (relay inet, asn bigint, kinds smallint) ON COMMIT DELETE ROWS
"""
_PARTS = """
WITH held AS MATERIALIZED (
    SELECT l.campaign, u.part, i.at, i.hash FROM spam_in AS i JOIN spam_in_list AS l USING (t)
     CROSS JOIN unnest(i.parts) AS u (part)
), summed AS (
    SELECT campaign, part, count(*) AS mails, min(at) AS first, max(at) AS last, min(hash) AS hash
      FROM held GROUP BY 1, 2
)
INSERT INTO spam_in_sum (campaign, part, what, mails, first, last, hash, host, example, kept)
SELECT s.campaign, s.part, p.what, s.mails, s.first, s.last, s.hash, p.host, p.example, there.there IS NOT NULL
  FROM summed AS s JOIN spam_in_part AS p USING (part)
  LEFT JOIN LATERAL (SELECT true AS there FROM spam_campaign_part AS c
        WHERE c.campaign = s.campaign AND c.source_id = $1 AND c.part = s.part OFFSET 0) AS there ON true
"""
_HOSTS = """
WITH held AS MATERIALIZED (
    SELECT DISTINCT l.campaign, p.host, i.n, i.at FROM spam_in AS i JOIN spam_in_list AS l USING (t)
     CROSS JOIN unnest(i.parts) AS u (part) JOIN spam_in_part AS p ON p.part = u.part AND p.what = 1
), summed AS (
    SELECT campaign, host, count(*) AS mails, min(at) AS first, max(at) AS last FROM held GROUP BY 1, 2
)
INSERT INTO spam_in_host (campaign, host, mails, first, last, kept)
SELECT s.campaign, s.host, s.mails, s.first, s.last, there.there IS NOT NULL
  FROM summed AS s
  LEFT JOIN LATERAL (SELECT true AS there FROM spam_campaign_host AS c
        WHERE c.campaign = s.campaign AND c.source_id = $1 AND c.host = s.host OFFSET 0) AS there ON true
"""
# New ones as long as there is room, the most frequent first.
_ROOM_PARTS = f"""
WITH ranked AS (
    SELECT campaign, part, what, row_number() OVER (PARTITION BY campaign, what ORDER BY mails DESC, first, part) AS n
      FROM spam_in_sum WHERE NOT kept
)
UPDATE spam_in_sum AS s SET kept = true FROM ranked AS r
  LEFT JOIN LATERAL (SELECT urls, files FROM spam_campaign_source AS c
        WHERE c.campaign = r.campaign AND c.source_id = $1 OFFSET 0) AS c ON true
 WHERE (s.campaign, s.part) = (r.campaign, r.part)
   AND r.n <= CASE r.what WHEN 2 THEN {MOST_FILES} - coalesce(c.files, 0) ELSE {MOST_URLS} - coalesce(c.urls, 0) END
"""  # noqa: S608 - our own numbers
_ROOM_HOSTS = f"""
WITH ranked AS (
    SELECT campaign, host, row_number() OVER (PARTITION BY campaign ORDER BY mails DESC, first, host) AS n
      FROM spam_in_host WHERE NOT kept
)
UPDATE spam_in_host AS s SET kept = true FROM ranked AS r
  LEFT JOIN LATERAL (SELECT hosts FROM spam_campaign_source AS c
        WHERE c.campaign = r.campaign AND c.source_id = $1 OFFSET 0) AS c ON true
 WHERE (s.campaign, s.host) = (r.campaign, r.host) AND r.n <= {MOST_HOSTS} - coalesce(c.hosts, 0)
"""  # noqa: S608
_ANY_CUT = "SELECT EXISTS (SELECT FROM spam_in_sum WHERE NOT kept) OR EXISTS (SELECT FROM spam_in_host WHERE NOT kept)"
# A mail names only what is counted with it, so that it can be taken back: of a URL beyond the share, its host alone.
_CUT = """
UPDATE spam_in AS i SET parts = c.parts
  FROM (SELECT i.n, array_remove(array_agg(DISTINCT CASE WHEN s.kept THEN u.part WHEN h.kept THEN p.alone END
                                           ORDER BY CASE WHEN s.kept THEN u.part WHEN h.kept THEN p.alone END), NULL)
               AS parts
          FROM spam_in AS i JOIN spam_in_list AS l USING (t) CROSS JOIN unnest(i.parts) AS u (part)
          JOIN spam_in_sum AS s ON s.campaign = l.campaign AND s.part = u.part
          JOIN spam_in_part AS p ON p.part = u.part
          LEFT JOIN spam_in_host AS h ON h.campaign = l.campaign AND h.host = p.host AND p.what = 1
         GROUP BY i.n HAVING NOT bool_and(s.kept)) AS c
 WHERE c.n = i.n
"""
_NAMES = """
INSERT INTO spam_part (hash, size, what, host, shape)
SELECT p.part, p.size, p.what, p.host, p.shape FROM spam_in_part AS p
 WHERE p.part IN (SELECT part FROM spam_in_sum WHERE kept) ORDER BY 1
    ON CONFLICT (hash) DO NOTHING
"""
_NAMES_ALONE = """
INSERT INTO spam_part (hash, what, host, shape)
SELECT DISTINCT p.alone, 0, p.host, '' FROM spam_in_part AS p
  JOIN spam_in_sum AS s USING (part) WHERE NOT s.kept AND p.what = 1 ORDER BY 1
    ON CONFLICT (hash) DO NOTHING
"""
_KEEP_PARTS = """
INSERT INTO spam_campaign_part AS c (campaign, source_id, part, mails, first, last, example_of, what, example)
SELECT campaign, $1, part, mails, first, last, hash, what, example FROM spam_in_sum WHERE kept ORDER BY 1, 3
    ON CONFLICT (campaign, source_id, part) DO UPDATE
   SET mails = c.mails + excluded.mails, first = least(c.first, excluded.first),
       last = greatest(c.last, excluded.last)
"""
_KEEP_HOSTS = """
INSERT INTO spam_campaign_host AS c (campaign, source_id, host, mails, first, last)
SELECT campaign, $1, host, mails, first, last FROM spam_in_host WHERE kept ORDER BY 1, 3
    ON CONFLICT (campaign, source_id, host) DO UPDATE
   SET mails = c.mails + excluded.mails, first = least(c.first, excluded.first),
       last = greatest(c.last, excluded.last)
"""
_SOURCE = f"""
WITH own AS MATERIALIZED (
    SELECT l.campaign, i.at, i.trap, i.relay, i.subject, i.rest FROM spam_in AS i JOIN spam_in_list AS l USING (t)
), summed AS (
    SELECT campaign, count(*) AS mails, min(at) AS first, max(at) AS last, count(*) FILTER (WHERE rest <> '') AS kept,
           (array_agg(subject ORDER BY at DESC) FILTER (WHERE subject <> ''))[1] AS subject
      FROM own GROUP BY 1
), trapped AS (
    SELECT campaign, (array_agg(DISTINCT trap))[:{MOST}] AS found FROM own WHERE trap <> 0 GROUP BY 1
), relayed AS (
    SELECT campaign, (array_agg(DISTINCT r.key))[:{MOST}] AS found
      FROM own JOIN spam_in_relay AS r USING (relay) GROUP BY 1
), cut AS (
    SELECT campaign, sum(mails) FILTER (WHERE what = 1) AS urls, sum(mails) FILTER (WHERE what = 2) AS files
      FROM spam_in_sum WHERE NOT kept GROUP BY 1
), unhosted AS (
    SELECT campaign, sum(mails) AS hosts FROM spam_in_host WHERE NOT kept GROUP BY 1
)
INSERT INTO spam_campaign_source AS c (campaign, source_id, mails, first, last, kept, urls_cut, files_cut, hosts_cut,
                                       subject, traps, relays)
SELECT s.campaign, $1, s.mails, s.first, s.last, least(s.kept, {KEPT_WHOLE}), coalesce(cut.urls, 0),
       coalesce(cut.files, 0), coalesce(h.hosts, 0), coalesce(s.subject, ''), coalesce(t.found, '{{}}'),
       coalesce(r.found, '{{}}')
  FROM summed AS s LEFT JOIN trapped AS t USING (campaign) LEFT JOIN relayed AS r USING (campaign)
  LEFT JOIN cut USING (campaign) LEFT JOIN unhosted AS h USING (campaign) ORDER BY 1
    ON CONFLICT (campaign, source_id) DO UPDATE
   SET mails = c.mails + excluded.mails, first = least(c.first, excluded.first),
       last = greatest(c.last, excluded.last), kept = least(c.kept + excluded.kept, {KEPT_WHOLE}),
       urls_cut = c.urls_cut + excluded.urls_cut, files_cut = c.files_cut + excluded.files_cut,
       hosts_cut = c.hosts_cut + excluded.hosts_cut, traps = {UNION.format(column="traps", table="c")},
       relays = {UNION.format(column="relays", table="c")},
       subject = CASE WHEN excluded.subject <> '' AND (excluded.last >= c.last OR c.subject = '')
                      THEN excluded.subject ELSE c.subject END
"""  # noqa: S608
_DAYS = f"""
WITH own AS MATERIALIZED (
    SELECT l.campaign, (i.at AT TIME ZONE 'UTC')::date AS day, i.trap FROM spam_in AS i JOIN spam_in_list AS l USING (t)
), trapped AS (
    SELECT campaign, day, (array_agg(DISTINCT trap))[:{MOST}] AS found FROM own WHERE trap <> 0 GROUP BY 1, 2
)
INSERT INTO spam_campaign_day AS c (campaign, source_id, day, mails, traps)
SELECT s.campaign, $1, s.day, s.mails, coalesce(t.found, '{{}}')
  FROM (SELECT campaign, day, count(*) AS mails FROM own GROUP BY 1, 2) AS s
  LEFT JOIN trapped AS t USING (campaign, day) ORDER BY 1, 3
    ON CONFLICT (campaign, source_id, day) DO UPDATE
   SET mails = c.mails + excluded.mails, traps = {UNION.format(column="traps", table="c")}
"""  # noqa: S608
_VOLUME = """
INSERT INTO spam_day AS d (source_id, day, class, mails, bytes, first, last)
SELECT $1, (at AT TIME ZONE 'UTC')::date, class, count(*), sum(size), min(at), max(at)
  FROM spam_in GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (source_id, day, class) DO UPDATE
   SET mails = d.mails + excluded.mails, bytes = d.bytes + excluded.bytes, first = least(d.first, excluded.first),
       last = greatest(d.last, excluded.last)
"""
_TRAPS = f"""
INSERT INTO spam_trap_day AS d (source_id, day, traps)
SELECT $1, (at AT TIME ZONE 'UTC')::date, (array_agg(DISTINCT trap))[:{MOST}]
  FROM spam_in WHERE trap <> 0 GROUP BY 2 ORDER BY 2
    ON CONFLICT (source_id, day) DO UPDATE SET traps = {UNION.format(column="traps", table="d")}
"""  # noqa: S608
_DEFECTS = """
INSERT INTO spam_defect_day AS d (source_id, day, bit, mails)
SELECT $1, (at AT TIME ZONE 'UTC')::date, bit, count(*)
  FROM spam_in CROSS JOIN generate_series(0, 62) AS b (bit)
 WHERE defects <> 0 AND defects & (1::bigint << bit) <> 0 GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (source_id, day, bit) DO UPDATE SET mails = d.mails + excluded.mails
"""
_RELAYS = """
WITH seen AS (
INSERT INTO spam_relay AS r (source_id, relay, asn, mails, first, last, sighted, sighted_last, kinds)
SELECT $1, i.relay, s.asn, count(*), min(i.at), max(i.at), count(*) FILTER (WHERE i.sighted),
       max(i.at) FILTER (WHERE i.sighted),
       coalesce(bit_or((1 << i.trap_kind)::smallint) FILTER (WHERE i.sighted AND i.trap_kind > 0), 0)
  FROM spam_in AS i JOIN spam_in_relay AS s USING (relay) GROUP BY 2, 3 ORDER BY 2
    ON CONFLICT (relay, source_id) DO UPDATE
   SET mails = r.mails + excluded.mails, first = least(r.first, excluded.first),
       last = greatest(r.last, excluded.last), sighted = r.sighted + excluded.sighted,
       sighted_last = greatest(r.sighted_last, excluded.sighted_last), kinds = r.kinds | excluded.kinds
RETURNING relay, asn, kinds
)
INSERT INTO spam_in_seen SELECT relay, asn, kinds FROM seen
"""
_NETWORKS = """
INSERT INTO spam_asn_day AS d (source_id, day, asn, mails)
SELECT $1, (i.at AT TIME ZONE 'UTC')::date, r.asn, count(*)
  FROM spam_in AS i JOIN spam_in_seen AS r USING (relay) GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (source_id, day, asn) DO UPDATE SET mails = d.mails + excluded.mails
"""
_MAILS = f"""
INSERT INTO spam_mail (hash, at, campaign, defects, trap, taken, source_id, size, version, class, trap_kind, sighted,
                       relay, tail, parts, subject, rest)
SELECT i.hash, i.at, coalesce(l.campaign, 0), i.defects, i.trap, $2, $1, i.size, i.version, i.class, i.trap_kind,
       i.sighted, i.relay, i.tail, i.parts,
       CASE WHEN coalesce(l.kept, 0) < {KEPT_WHOLE} THEN i.subject ELSE '' END,
       CASE WHEN coalesce(l.kept, 0) < {KEPT_WHOLE} THEN i.rest ELSE '' END
  FROM spam_in AS i LEFT JOIN spam_in_list AS l USING (t)
"""  # noqa: S608


async def store(connection: Connection, source_id: int, campaigns: Mapping[int, int], today: date) -> list[int]:
    """Store the new mails, which belong to these campaigns (by the numbers of their lists of keys), and all sums.

    Returns the campaigns.
    """
    await connection.execute(_TABLES)
    await connection.execute(_BELONG, list(campaigns), list(campaigns.values()), source_id)
    await connection.execute("ANALYZE spam_in_list")
    await _hold(connection, source_id)
    await connection.execute(_MAILS, source_id, today)
    own = sorted(set(campaigns.values()))
    if own:
        await connection.execute(_SOURCE, source_id)
        await connection.execute(_DAYS, source_id)
        await connection.execute(joining.COUNT, own)
    for query in (_VOLUME, _TRAPS, _DEFECTS, _RELAYS, _NETWORKS):
        await connection.execute(query, source_id)
    return own


async def _hold(connection: Connection, source_id: int) -> None:
    """Work out which URLs, files and hosts are kept, and keep them."""
    await connection.execute(_PARTS, source_id)
    await connection.execute(_HOSTS, source_id)
    await connection.execute(_ROOM_PARTS, source_id)
    await connection.execute(_ROOM_HOSTS, source_id)
    await connection.execute(_NAMES)
    if await connection.fetchval(_ANY_CUT):
        await connection.execute("ANALYZE spam_in_sum")
        await connection.execute("ANALYZE spam_in_host")
        await connection.execute(_CUT)
        await connection.execute(_NAMES_ALONE)
    await connection.execute(_KEEP_PARTS, source_id)
    await connection.execute(_KEEP_HOSTS, source_id)
