"""Campaigns that turned out to be one: what was kept of them is added up under the oldest. Asyncio-flavoured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.store.spam import steps
from tipd.store.spam.sets import MOST, UNION
from tipd.store.spam.shares import MOST_FILES, MOST_HOSTS, MOST_URLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.store.connection import Connection

_PAIRS = "unnest($1::bigint[], $2::bigint[]) AS p (loser, winner)"
_REPOINT = (
    f"UPDATE spam_key AS k SET campaign = p.winner FROM {_PAIRS} WHERE k.campaign = p.loser",  # noqa: S608
    f"UPDATE spam_campaign AS c SET joined = p.winner FROM {_PAIRS} WHERE c.joined = p.loser",  # noqa: S608
    f"UPDATE spam_campaign AS c SET joined = p.winner FROM {_PAIRS} WHERE c.id = p.loser",  # noqa: S608
)
_FACTS = "SELECT id, told, keys, keys_cut, touched FROM spam_campaign WHERE id = ANY($1::bigint[])"
_SUM = """
UPDATE spam_campaign AS c SET told = f.told, keys = f.keys, keys_cut = f.keys_cut, touched = f.touched
  FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::date[])
    AS f (id, told, keys, keys_cut, touched) WHERE c.id = f.id
"""
_SOURCES = f"""
WITH gone AS (
    DELETE FROM spam_campaign_source AS s USING {_PAIRS} WHERE s.campaign = p.loser RETURNING p.winner, s.*
), trapped AS (
    SELECT winner, source_id, (array_agg(DISTINCT x))[:{MOST}] AS found
      FROM gone CROSS JOIN unnest(traps) AS x GROUP BY 1, 2
), relayed AS (
    SELECT winner, source_id, (array_agg(DISTINCT x))[:{MOST}] AS found
      FROM gone CROSS JOIN unnest(relays) AS x GROUP BY 1, 2
), added AS (
    SELECT winner, source_id, sum(mails)::bigint AS mails, min(first) AS first, max(last) AS last,
           sum(kept)::integer AS kept, sum(urls_cut)::bigint AS urls_cut, sum(files_cut)::bigint AS files_cut,
           sum(hosts_cut)::bigint AS hosts_cut, (array_agg(subject ORDER BY last DESC))[1] AS subject
      FROM gone GROUP BY 1, 2
)
INSERT INTO spam_campaign_source AS s (campaign, source_id, mails, first, last, kept, urls_cut, files_cut, hosts_cut,
                                       subject, traps, relays)
SELECT a.winner, a.source_id, a.mails, a.first, a.last, a.kept, a.urls_cut, a.files_cut, a.hosts_cut, a.subject,
       coalesce(t.found, '{{}}'), coalesce(r.found, '{{}}')
  FROM added AS a LEFT JOIN trapped AS t USING (winner, source_id) LEFT JOIN relayed AS r USING (winner, source_id)
    ON CONFLICT (campaign, source_id) DO UPDATE
   SET mails = s.mails + excluded.mails, first = least(s.first, excluded.first),
       last = greatest(s.last, excluded.last), kept = s.kept + excluded.kept,
       urls_cut = s.urls_cut + excluded.urls_cut, files_cut = s.files_cut + excluded.files_cut,
       hosts_cut = s.hosts_cut + excluded.hosts_cut, traps = {UNION.format(column="traps", table="s")},
       relays = {UNION.format(column="relays", table="s")},
       subject = CASE WHEN excluded.last > s.last AND excluded.subject <> '' THEN excluded.subject ELSE s.subject END
"""  # noqa: S608 - our own words
_DAYS = f"""
WITH gone AS (
    DELETE FROM spam_campaign_day AS s USING {_PAIRS} WHERE s.campaign = p.loser RETURNING p.winner, s.*
), trapped AS (
    SELECT winner, source_id, day, (array_agg(DISTINCT x))[:{MOST}] AS found
      FROM gone CROSS JOIN unnest(traps) AS x GROUP BY 1, 2, 3
)
INSERT INTO spam_campaign_day AS s (campaign, source_id, day, mails, traps)
SELECT winner, source_id, day, g.mails, coalesce(t.found, '{{}}')
  FROM (SELECT winner, source_id, day, sum(mails)::bigint AS mails FROM gone GROUP BY 1, 2, 3) AS g
  LEFT JOIN trapped AS t USING (winner, source_id, day)
    ON CONFLICT (campaign, source_id, day) DO UPDATE
   SET mails = s.mails + excluded.mails, traps = {UNION.format(column="traps", table="s")}
"""  # noqa: S608
_PARTS = f"""
WITH gone AS (
    DELETE FROM spam_campaign_part AS s USING {_PAIRS} WHERE s.campaign = p.loser RETURNING p.winner, s.*
)
INSERT INTO spam_campaign_part AS s (campaign, source_id, part, mails, first, last, example_of, what, example)
SELECT winner, source_id, part, sum(mails)::bigint, min(first), max(last),
       (array_agg(example_of ORDER BY campaign))[1], max(what), (array_agg(example ORDER BY campaign))[1]
  FROM gone GROUP BY 1, 2, 3
    ON CONFLICT (campaign, source_id, part) DO UPDATE
   SET mails = s.mails + excluded.mails, first = least(s.first, excluded.first),
       last = greatest(s.last, excluded.last)
"""  # noqa: S608
_HOSTS = f"""
WITH gone AS (
    DELETE FROM spam_campaign_host AS s USING {_PAIRS} WHERE s.campaign = p.loser RETURNING p.winner, s.*
)
INSERT INTO spam_campaign_host AS s (campaign, source_id, host, mails, first, last, told)
SELECT winner, source_id, host, sum(mails)::bigint, min(first), max(last), max(told) FROM gone GROUP BY 1, 2, 3
    ON CONFLICT (campaign, source_id, host) DO UPDATE
   SET mails = s.mails + excluded.mails, first = least(s.first, excluded.first),
       last = greatest(s.last, excluded.last), told = greatest(s.told, excluded.told)
"""  # noqa: S608
# Together they may have more than one may have: the rarest go.
_TRIM_PARTS = f"""
WITH ranked AS (
    SELECT ctid AS place, what,
           row_number() OVER (PARTITION BY campaign, source_id, what ORDER BY mails DESC, first, part) AS n
      FROM spam_campaign_part WHERE campaign = ANY($1::bigint[])
), gone AS (
    DELETE FROM spam_campaign_part AS p USING ranked AS r
     WHERE p.ctid = r.place AND r.n > CASE r.what WHEN 2 THEN {MOST_FILES} ELSE {MOST_URLS} END
    RETURNING p.campaign, p.source_id, p.what, p.mails
)
UPDATE spam_campaign_source AS s SET urls_cut = s.urls_cut + g.urls, files_cut = s.files_cut + g.files
  FROM (SELECT campaign, source_id, coalesce(sum(mails) FILTER (WHERE what = 1), 0)::bigint AS urls,
               coalesce(sum(mails) FILTER (WHERE what = 2), 0)::bigint AS files FROM gone GROUP BY 1, 2) AS g
 WHERE (s.campaign, s.source_id) = (g.campaign, g.source_id)
"""  # noqa: S608
_TRIM_HOSTS = f"""
WITH ranked AS (
    SELECT ctid AS place, row_number() OVER (PARTITION BY campaign, source_id ORDER BY mails DESC, first, host) AS n
      FROM spam_campaign_host WHERE campaign = ANY($1::bigint[])
), gone AS (
    DELETE FROM spam_campaign_host AS h USING ranked AS r WHERE h.ctid = r.place AND r.n > {MOST_HOSTS}
    RETURNING h.campaign, h.source_id, h.mails
)
UPDATE spam_campaign_source AS s SET hosts_cut = s.hosts_cut + g.mails
  FROM (SELECT campaign, source_id, sum(mails)::bigint AS mails FROM gone GROUP BY 1, 2) AS g
 WHERE (s.campaign, s.source_id) = (g.campaign, g.source_id)
"""  # noqa: S608
# How much of each is kept, counted anew.
COUNT = """
UPDATE spam_campaign_source AS s SET urls = f.urls, files = f.files, hosts = f.hosts
  FROM (SELECT c.campaign, c.source_id, coalesce(p.urls, 0) AS urls, coalesce(p.files, 0) AS files,
               (SELECT count(*) FROM spam_campaign_host AS h
                 WHERE (h.campaign, h.source_id) = (c.campaign, c.source_id)) AS hosts
          FROM spam_campaign_source AS c
          LEFT JOIN LATERAL (
                SELECT count(*) FILTER (WHERE what = 1) AS urls, count(*) FILTER (WHERE what = 2) AS files
                  FROM spam_campaign_part AS p
                 WHERE (p.campaign, p.source_id) = (c.campaign, c.source_id)) AS p ON true
         WHERE c.campaign = ANY($1::bigint[])) AS f
 WHERE (s.campaign, s.source_id) = (f.campaign, f.source_id)
   AND (s.urls, s.files, s.hosts) IS DISTINCT FROM (f.urls, f.files, f.hosts)
"""


async def join(connection: Connection, joined: Mapping[int, int]) -> None:
    """Make these campaigns the ones they turned out to be."""
    pairs = list(joined), list(joined.values())
    winners = sorted(set(joined.values()))
    await _add_facts(connection, joined)
    for query in (*_REPOINT, _SOURCES, _DAYS, _PARTS, _HOSTS):
        await connection.execute(query, *pairs)
    for query in (_TRIM_PARTS, _TRIM_HOSTS, COUNT):
        await connection.execute(query, winners)


async def _add_facts(connection: Connection, joined: Mapping[int, int]) -> None:
    rows = {row["id"]: row for row in await connection.fetch(_FACTS, [*joined, *set(joined.values())])}
    summed = {winner: dict(rows[winner]) for winner in set(joined.values())}
    for loser, winner in joined.items():
        own, gone = summed[winner], rows[loser]
        own["told"] = steps.higher(own["told"], gone["told"])
        own["keys"] += gone["keys"]
        own["keys_cut"] += gone["keys_cut"]
        own["touched"] = max(own["touched"], gone["touched"])
    columns = zip(*((f["id"], f["told"], f["keys"], f["keys_cut"], f["touched"]) for f in summed.values()), strict=True)
    await connection.execute(_SUM, *(list(column) for column in columns))
