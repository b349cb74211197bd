"""The statements of a pivot look at few rows, before there are statistics and after."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.pg import scanned

from tipd.model.tlp import Tlp
from tipd.store.flux import asked, pivot, walks
from tipd.store.store import Store

_FILL = """
INSERT INTO dns_name (name, apex, tlp) SELECT 'h' || i || '.example', 'h' || i || '.example', 1
  FROM generate_series(1, 3000) AS i;
INSERT INTO flux_name (id, added, tlp) SELECT i, now(), 1 FROM generate_series(1, 3000) AS i;
INSERT INTO flux_state (id, since) SELECT i, now() FROM generate_series(1, 3000) AS i;
INSERT INTO dns_observation (name_id, rtype, address, asn, first, last, count, ttl_min, ttl_max, true_ttl)
SELECT i, 1, inet '10.0.0.0' + i % 1000 * 8 + j, 64500 + i % 2, now(), now() - i * interval '1 hour', 1, 1, 1, true
  FROM generate_series(1, 3000) AS i CROSS JOIN generate_series(0, 7) AS j;
INSERT INTO dns_observation (name_id, rtype, target_id, first, last, count, ttl_min, ttl_max, true_ttl)
SELECT i, 2, 1 + i % 2, now(), now(), 1, 1, 1, true FROM generate_series(3, 3000) AS i
"""


@pytest.mark.parametrize("statistics", [False, True])
async def test_few_rows_are_looked_at(store: Store, statistics: bool) -> None:
    async def fill(connection: Any) -> None:
        await connection.execute(_FILL)
        if statistics:
            await connection.execute("ANALYZE")

    async def explain(connection: Any, what: str, *args: Any) -> int:
        question = pivot.Question(asked.read("192.0.2.1"), None, None, (), 20, Tlp.GREEN)
        leads = walks.LEADS[what]
        query = walks.OWNERS.format(where=leads.where.format(7, 8), order=leads.order)
        async with connection.transaction():
            await connection.execute(walks.PLAN)
            found = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *question.common, 84, 21, *args
            )
        return scanned(json.loads(found)[0]["Plan"])

    await store.pool.run(fill)
    for what, args in (
        ("ipv4", ("10.0.0.8",)),
        ("network", ("10.0.0.0", "10.0.255.255")),
        ("asn", (64500,)),
        ("target", (1,)),
    ):
        assert await store.pool.run(explain, what, *args) < 84 * 12, what
