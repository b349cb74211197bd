"""What collecting needs, out of settings and context."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.modules.blacklist.tools import Ground, Tools


def test_settings_are_read_in_their_units():
    names = ("store", "fetcher", "workers", "clock", "rng", "log")
    ctx = SimpleNamespace(**{name: object() for name in names})
    ground = Ground(SimpleNamespace(), SimpleNamespace(), Path("/credentials"), ("10.0.0.0/8",))
    settings = BlacklistSettings(every="2h", deadline="5m", worker_memory_mb=256, max_rows=7)
    tools = Tools.of(ctx, settings, ground)
    assert all(getattr(tools, name) is getattr(ctx, name) for name in names)
    assert (tools.every, tools.deadline, tools.memory, tools.max_rows) == (timedelta(hours=2), 300.0, 256 * 2**20, 7)
    assert (tools.places, tools.bodies, tools.credentials, tools.allow_networks) == (
        ground.places,
        ground.bodies,
        ground.credentials,
        ground.allow_networks,
    )
