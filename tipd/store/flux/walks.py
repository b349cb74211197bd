"""The statements of a pivot: each looks at a bounded number of rows by one index, whatever the statistics say."""

from __future__ import annotations

from typing import NamedTuple

from tipd.model.dns import NS

MOST_LOOKED_AT = 20_000
MOST_SHARED = 200  # of a name's addresses, and of the names that each of these has

PLAN = """
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off
"""
# $1 to $4: since, until, the caller's mark, tags. An owner is shown by the watched names through which it is known;
# what the tracker thinks of it, by its own mark alone.
_OWNER = """
 CROSS JOIN LATERAL (SELECT name, tlp FROM dns_name AS d WHERE d.id = o.name_id AND d.tlp <= $3 OFFSET 0) AS d
  LEFT JOIN LATERAL (SELECT CASE WHEN n.words <= $3 THEN n.tags ELSE ARRAY[]::text[] END AS tags, s.state
                       FROM flux_name AS n JOIN flux_state AS s USING (id)
                      WHERE n.id = o.name_id AND n.tlp <= $3 OFFSET 0) AS n ON true
"""
_TAGGED = "(cardinality($4::text[]) = 0 OR n.tags && $4::text[])"
_WITHIN = "last >= $1 AND first <= $2 AND day >= ($1 AT TIME ZONE 'UTC')::date"
# A row an owner: of what led to it, the latest is told.
_BY_OWNER = """
SELECT DISTINCT ON (name_id) name_id, rtype, address, target_id, asn, last,
       min(first) OVER owner AS first, (sum(count) OVER owner)::bigint AS count, count(*) OVER () AS looked
  FROM ({rows}) AS o WINDOW owner AS (PARTITION BY name_id) ORDER BY name_id, last DESC
"""
_COLUMNS = """o.name_id, d.name, d.tlp, o.rtype, host(o.address) AS address, o.target_id, o.asn, o.first, o.last,
       o.count, n.tags, n.state, (SELECT name FROM dns_name AS t WHERE t.id = o.target_id) AS target"""
_ROWS = f"SELECT * FROM dns_observation WHERE {{where}} AND {_WITHIN} ORDER BY {{order}} LIMIT $5"  # noqa: S608
# Who may not be seen is left out before the latest are chosen; what is thought of them is looked up for these alone.
_SEEN_OWNERS = f"""
SELECT o.* FROM ({_BY_OWNER.format(rows=_ROWS)}) AS o
 WHERE EXISTS (SELECT FROM dns_name AS d WHERE d.id = o.name_id AND d.tlp <= $3 OFFSET 0)
   AND (cardinality($4::text[]) = 0
        OR EXISTS (SELECT FROM flux_name AS n
                    WHERE n.id = o.name_id AND greatest(n.tlp, n.words) <= $3 AND n.tags && $4::text[] OFFSET 0))
 ORDER BY o.last DESC, o.name_id LIMIT $6
"""  # noqa: S608
OWNERS = f"SELECT {_COLUMNS}, o.looked FROM ({_SEEN_OWNERS}) AS o {_OWNER} ORDER BY o.last DESC, d.name"  # noqa: S608
OWN = f"SELECT {_COLUMNS} FROM ({_ROWS}) AS o {_OWNER} WHERE $4::text[] IS NOT NULL"  # noqa: S608
LOOKED_AT = f"SELECT count(*) FROM (SELECT FROM dns_observation WHERE {{where}} AND {_WITHIN} LIMIT $5) AS o"  # noqa: S608
# $7: the names that have the tags. All that they have is looked through, by their own index.
_TAGGED_ROWS = f"""
SELECT o.* FROM unnest($7::integer[]) AS n (id) CROSS JOIN LATERAL (
    SELECT * FROM dns_observation WHERE name_id = n.id OFFSET 0) AS o
 WHERE {{where}} AND {_WITHIN} LIMIT $5
"""  # noqa: S608
OWNERS_TAGGED = f"""
SELECT {_COLUMNS} FROM ({_BY_OWNER.format(rows=_TAGGED_ROWS)}) AS o {_OWNER}
 WHERE {_TAGGED} ORDER BY o.last DESC, d.name LIMIT $6
"""  # noqa: S608
# In the words of the partial index, or the planner does not see that it serves.
TAGGED = "SELECT id FROM flux_name WHERE tags && $1::text[] AND tags <> '{}' AND greatest(tlp, words) <= $2 LIMIT $3"
# Of a domain whose name servers are asked about: the watched names below it.
BELOW = """
SELECT d.apex, d.name, CASE WHEN n.words <= $2 THEN n.tags ELSE ARRAY[]::text[] END AS tags, s.state, n.tlp
  FROM unnest($1::text[]) AS a (apex) CROSS JOIN LATERAL (
    SELECT id, apex, name FROM dns_name AS d WHERE d.apex = a.apex AND d.name <> a.apex LIMIT $4) AS d
  JOIN flux_name AS n ON n.id = d.id JOIN flux_state AS s ON s.id = d.id
 WHERE n.tlp <= $2 AND (cardinality($3::text[]) = 0 OR (n.words <= $2 AND n.tags && $3::text[])) LIMIT $4
"""
_SERVED = f"""
SELECT o.* FROM unnest($5::integer[]) AS server (id) CROSS JOIN LATERAL (
    SELECT * FROM dns_observation WHERE target_id = server.id AND rtype = {NS} AND {_WITHIN}
     ORDER BY day DESC LIMIT $6) AS o LIMIT {MOST_LOOKED_AT}
"""  # noqa: S608
SERVES = f"""
SELECT {_COLUMNS} FROM ({_BY_OWNER.format(rows=_SERVED)}) AS o {_OWNER}
 WHERE cardinality($4::text[]) >= 0 ORDER BY o.last DESC, d.name LIMIT $6
"""  # noqa: S608
# $5: the name's own addresses, $6 what it points to.
_SHARED = f"""
(SELECT o.* FROM unnest($5::inet[]) AS mine (address) CROSS JOIN LATERAL (
    SELECT * FROM dns_observation AS x WHERE x.address = mine.address AND {_WITHIN}
     ORDER BY day DESC LIMIT {MOST_SHARED}) AS o)
 UNION ALL
(SELECT o.* FROM unnest($6::integer[]) AS mine (target) CROSS JOIN LATERAL (
    SELECT * FROM dns_observation AS x WHERE x.target_id = mine.target AND {_WITHIN}
     ORDER BY day DESC LIMIT {MOST_SHARED}) AS o) LIMIT {MOST_LOOKED_AT}
"""  # noqa: S608
SHARES = f"""
SELECT {_COLUMNS} FROM ({_BY_OWNER.format(rows=_SHARED)}) AS o {_OWNER}
 WHERE {_TAGGED} AND o.name_id <> ALL($7::integer[]) ORDER BY o.last DESC, d.name LIMIT $8
"""  # noqa: S608
WHO = """
SELECT d.id, d.name, d.tlp, a.id AS apex
  FROM dns_name AS d LEFT JOIN dns_name AS a ON a.name = d.apex AND a.id <> d.id WHERE d.name = $1 AND d.tlp <= $2
"""


class Leads(NamedTuple):
    """Which observations a value leads to, and in which order they are looked at.

    `where` takes the places of its arguments; `budgets`: how many rows are looked at for a row wanted, first and where
    that was not enough: of an address nearly each is another name's, of an AS a name has many.
    """

    where: str
    order: str = "day DESC"
    budgets: tuple[float, ...] = (1.2, 6, 40)


LEADS = {
    "ipv4": Leads("address = ${0}::inet"),
    "ipv6": Leads("address = ${0}::inet"),
    "network": Leads("address >= ${0}::inet AND address <= ${1}::inet", "address", (8, 20)),
    "asn": Leads("asn = ${0}::bigint AND asn <> 0", budgets=(4, 40)),
    "target": Leads("target_id = ${0}::integer"),
    "own": Leads("name_id = ${0}::integer", "last DESC"),
    "own_servers": Leads(f"name_id = ${{0}}::integer AND rtype = {NS}", "last DESC"),
}
