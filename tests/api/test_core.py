"""What is shared is made of the services' settings."""

from __future__ import annotations

from support.api import World

from tipd.api.core import make_core


async def test_limits_come_from_the_settings() -> None:
    core = make_core(World().services(max_readers=7, ping_every="5s", session_idle="1h"))
    assert core.services.sessions.idle == 3600
    assert (core.limits.max_readers, core.limits.ping_every) == (7, 5.0)
    assert core.hub.readers == 0
    assert "tipd.css" in core.pages.files
