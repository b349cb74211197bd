"""The managed store moves to a newer PostgreSQL."""

import os
from pathlib import Path

import pytest
import structlog
import structlog.testing
from support import servers

from tipd.errors import ConfigError, Unavailable
from tipd.store import (
    binaries,
    ops,
    ops_upgrade,
)
from tipd.store.binaries import Installation
from tipd.store.settings import StoreSettings

LOG = structlog.get_logger()
FILL = """
    CREATE TABLE finding_2026_11 PARTITION OF finding FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
    INSERT INTO finding (at, kind, module, data)
    SELECT '2026-11-22T04:00Z', 'indicator.listed', 'blacklist', jsonb_build_object('n', n)
      FROM generate_series(1, 500) n
"""


def given(tmp_path: Path, dsn: str, **settings) -> StoreSettings:
    file = tmp_path / "dsn"
    file.write_text(dsn + "\n")
    return StoreSettings(url_file=str(file), **settings)


async def test_upgrade_moves_every_row_keeps_the_name_and_the_old_data(state_dir):
    """To the newest there is; where only one is installed the way is the same to a cluster of the same one."""
    found = binaries.find(os.environ)
    oldest = min(found, key=lambda one: one.version)
    state = state_dir / "state"
    async with ops.reach(state, StoreSettings(binaries=str(oldest.folder)), LOG, make=True) as reached:
        await ops.bring_up(reached)
        for statement in FILL.split(";"):
            await servers.ask(reached.target.dsn, statement)
        before = await ops.status(reached)
    left = state / "postgres" / "upgrading" / "postgres" / "data"
    left.mkdir(parents=True)  # of a try that was killed
    done = await ops_upgrade.upgrade(state, StoreSettings(), LOG, to=found[0])
    assert done.store_id == before.store_id
    assert done.kept == state / "postgres" / f"data-{oldest.major}"
    assert done.kept.is_dir()
    async with ops.reach(state, StoreSettings(), LOG) as reached:
        after = await ops.status(reached)
        await ops.bring_up(reached)
        assert (await ops.status(reached)).store_id == before.store_id
        assert await servers.ask(reached.target.dsn, "SELECT count(*) FROM finding") == 500
    assert (after.applied, after.missing) == (before.applied, ())
    assert {path.name for path in (state / "postgres").iterdir()} == {"data", "run", done.kept.name}
    assert (await ops_upgrade.upgrade(state, StoreSettings(), LOG)).kept is None


async def test_an_upgrade_that_fails_leaves_the_store_as_it_was(made_state):
    async with ops.reach(made_state, StoreSettings(), LOG) as reached:
        await ops.bring_up(reached)
        before = await ops.status(reached)
    with pytest.raises((Unavailable, ConfigError)):
        await ops_upgrade.upgrade(made_state, StoreSettings(), LOG, to=Installation(made_state / "nothing", (99, 0)))
    async with ops.reach(made_state, StoreSettings(), LOG) as reached:
        assert (await ops.status(reached)).store_id == before.store_id


async def test_a_given_server_is_not_ours_to_upgrade(tmp_path, dsn):
    with pytest.raises(ConfigError, match="yourself"):
        await ops_upgrade.upgrade(tmp_path, given(tmp_path, dsn), LOG)
