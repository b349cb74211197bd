"""A cluster is made whole, and an upgraded one takes its place whole."""

import pytest
import structlog
import structlog.testing
from support import servers

from tipd.errors import ConfigError
from tipd.store import (
    ops,
)
from tipd.store.places import Places
from tipd.store.postgres import managed
from tipd.store.settings import StoreSettings

LOG = structlog.get_logger()


async def test_a_missing_cluster_beside_an_old_one_is_not_replaced_by_an_empty_one(state_dir):
    (state_dir / "postgres" / "data-15").mkdir(parents=True)
    with pytest.raises(ConfigError, match="rename it back"):
        async with managed(servers.make(state_dir)):
            pass
    assert not (state_dir / "postgres" / "data").exists()


async def test_half_a_cluster_from_a_crash_is_removed(state_dir):
    left = state_dir / "postgres" / "making-0123abcd"
    left.mkdir(parents=True)
    async with managed(servers.make(state_dir)) as server:
        assert await servers.ask(server.dsn, "SELECT 1") == 1
    assert not left.exists()


async def test_an_upgrade_cut_off_between_two_renames_is_finished_at_the_next_start(made_state):
    async with ops.reach(made_state, StoreSettings(), LOG) as reached:
        await ops.bring_up(reached)
        before = await ops.status(reached)
    places = Places(made_state)
    places.cluster.rename(places.root / "upgraded")
    async with ops.reach(made_state, StoreSettings(), LOG) as reached:
        assert (await ops.status(reached)).store_id == before.store_id
    assert not (places.root / "upgraded").exists()
