"""What must be true of a database before tipd uses it, in order: fit, migrated, as `schema.sql` says, identified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.errors import SchemaError
from tipd.store import checks, identity, migrate

if TYPE_CHECKING:
    from tipd.log import Log
    from tipd.store.identity import Identity
    from tipd.store.pool import Pool
    from tipd.store.settings import StoreSettings


async def admit(pool: Pool, settings: StoreSettings, log: Log) -> Identity:
    """Check the server, migrate the schema, compare it, and settle the identity.

    Raises ConfigError (unfit server), SchemaError (newer, foreign, damaged schema), Unavailable (standby) and what the
    pool raises. Safe with several tipd at once, and again whenever a database that was away is back.
    """
    await examine(pool, settings, log)
    for name in await migrate.apply(pool):
        log.info("migrated", migration=name)
    difference = await migrate.check(pool)
    if difference.missing:
        raise SchemaError(f"the schema is not what the migrations give; missing or different: {difference.missing[0]}")
    if difference.extra:
        log.info("the database has more than tipd made", first=difference.extra[0].splitlines()[0])
    found = await identity.settle(pool)
    if found.previous is not None:
        log.warning("the log of findings is another one now", why=found.why, was=found.previous, now=found.store_id)
    return found


async def examine(pool: Pool, settings: StoreSettings, log: Log) -> checks.ServerFacts:
    """Refuse an unfit server; warn of one that was accepted as unsafe."""
    facts = await pool.run(checks.examine)
    checks.judge(facts, allow_unsafe=settings.allow_unsafe)
    if facts.unsafe:
        log.warning("the database may lose what it acknowledged; accepted by allow_unsafe", off=facts.unsafe)
    return facts
