"""What is let go: mails by whole months, campaigns that came to nothing, relays nobody has seen for long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from tipd.store.frames import MOST_ROWS
from tipd.store.partitions import hold_nobody_up
from tipd.store.spam.incoming import MONTHLY
from tipd.store.spam.steps import FIRST

if TYPE_CHECKING:
    from datetime import date, datetime

    from tipd.store.connection import Connection
    from tipd.store.writer import Writer

CAMPAIGNS_KEEP = timedelta(days=400)
# A campaign that never grew goes with its mails; one that did is kept longer. Those that joined it go with it.
_OLD = f"""
SELECT c.id FROM spam_campaign AS c
 WHERE c.touched < $1 AND c.joined IS NULL
   AND (c.touched < $2 OR (c.told = 0 AND coalesce((SELECT sum(mails) FROM spam_campaign_source AS s
                                                      WHERE s.campaign = c.id), 0) < {FIRST}))
 ORDER BY c.touched LIMIT $3
"""  # noqa: S608 - our own number
_AT_ONCE = 2000  # campaigns a transaction
_DROP = (
    """
WITH parts AS (DELETE FROM spam_campaign_part WHERE campaign = ANY($1::bigint[]) RETURNING part)
DELETE FROM spam_part AS p USING (SELECT DISTINCT part FROM parts) AS g
 WHERE p.hash = g.part
   AND NOT EXISTS (SELECT FROM spam_campaign_part AS c WHERE c.part = p.hash AND c.campaign <> ALL($1::bigint[]))
""",
    """
WITH hosts AS (DELETE FROM spam_campaign_host WHERE campaign = ANY($1::bigint[]) RETURNING host)
DELETE FROM spam_part AS p USING (SELECT DISTINCT host FROM hosts) AS g
 WHERE p.host = g.host AND p.what = 0
   AND NOT EXISTS (SELECT FROM spam_campaign_host AS c WHERE c.host = p.host AND c.campaign <> ALL($1::bigint[]))
""",
    "DELETE FROM spam_campaign_source WHERE campaign = ANY($1::bigint[])",
    "DELETE FROM spam_campaign_day WHERE campaign = ANY($1::bigint[])",
    "DELETE FROM spam_key WHERE campaign = ANY($1::bigint[])",
    "DELETE FROM spam_campaign WHERE joined = ANY($1::bigint[])",
    "DELETE FROM spam_campaign WHERE id = ANY($1::bigint[])",
)
# Whoever has not been seen for as long as campaigns are kept.
_RELAYS = f"""
DELETE FROM spam_relay WHERE ctid = ANY (ARRAY(SELECT ctid FROM spam_relay WHERE last < $1 LIMIT {MOST_ROWS}))
"""  # noqa: S608


class Pruned(NamedTuple):
    """What was let go: months of mails by their tables' names, campaigns, relays."""

    months: list[str]
    campaigns: int
    relays: int


async def prune(writer: Writer, now: datetime, keep: timedelta, campaigns_keep: timedelta) -> Pruned:
    """Let go what is old (trio-flavoured). Raises ValueError, TryAgain."""
    if keep <= timedelta(0):
        raise ValueError(f"mails are kept for a positive time, not {keep}")
    await writer.write(MONTHLY.ensure_ahead, now)
    months = await writer.write(_drop_months, now - keep, alone=True)
    campaigns, relays = 0, 0
    old, older = (now - keep).date(), (now - max(keep, campaigns_keep)).date()
    while part := await writer.write(_drop_campaigns, old, older, alone=True):
        campaigns += part
    while part := await writer.write(_drop_relays, now - max(keep, campaigns_keep), alone=True):
        relays += part
    return Pruned(months, campaigns, relays)


async def _drop_months(connection: Connection, before: datetime) -> list[str]:
    await hold_nobody_up(connection)
    old = await MONTHLY.past(connection, before)
    for name in old:
        await connection.execute(f"DROP TABLE {name}")
    return old


async def _drop_campaigns(connection: Connection, old: date, older: date) -> int:
    ids = [row["id"] for row in await connection.fetch(_OLD, old, older, _AT_ONCE)]
    for query in _DROP if ids else ():
        await connection.execute(query, ids)
    return len(ids)


async def _drop_relays(connection: Connection, before: datetime) -> int:
    return int((await connection.execute(_RELAYS, before)).rpartition(" ")[2])
