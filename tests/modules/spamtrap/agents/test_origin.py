"""What origins are asked, and how they say that they cannot be."""

from __future__ import annotations

from pathlib import Path

from support import pulling
from support.pulling import Memory

from tipd.clock import SystemClock
from tipd.modules.spamtrap.agents import origin
from tipd.modules.spamtrap.agents.folder import FolderOrigin
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.origin import AwayError, Lines, Origin
from tipd.net.kept import Endpoint, Kept


def test_why_it_is_away_stands_beside_the_text() -> None:
    error = AwayError("forbidden", "it does not know our token")
    assert (error.state, str(error)) == ("forbidden", "it does not know our token")


def test_every_origin_can_be_asked_the_same(tmp_path: Path) -> None:
    https = HttpsOrigin(Kept(pulling.fetcher().tools, Endpoint(url="https://mx1.example.org")))
    asked = [name for name in vars(Origin) if not name.startswith("_")]
    assert asked
    for one in (https, FolderOrigin(tmp_path, SystemClock()), Memory()):
        assert all(callable(getattr(one, name)) for name in asked)


def test_what_is_held_in_memory_is_small() -> None:
    # Four downloads at once, 256 versions put down together.
    assert 256 * origin.INLINE <= 64 * 2**20
    assert Lines().path is None
