"""How the tracker is, out of the nursery tree."""

from __future__ import annotations

from typing import Any

from support.api import FakeHealth

from tipd.api.shapes_flux import TrackerWord
from tipd.api.tracker import tracker_word


def health(*nodes: dict[str, Any]) -> FakeHealth:
    fake = FakeHealth()
    fake.tree = {"modules": list(nodes)}
    return fake


def test_the_tracker_says_why_it_waits() -> None:
    node = {"module": "fastflux", "state": "waiting", "facts": {"state": "needs_resolver", "why": "none is named"}}
    assert tracker_word(health(node)) == TrackerWord(state="needs_resolver", why="none is named")


def test_otherwise_it_is_in_the_state_of_its_node() -> None:
    inner = {"module": "fastflux", "state": "running", "facts": {"watched": 3}}
    tree = health({"module": "blacklist", "state": "running"}, {"module": "modules", "children": [inner]})
    assert tracker_word(tree) == TrackerWord(state="running")
    inner["facts"] = {"state": "store_away", "why": "secret"}
    assert tracker_word(tree) == TrackerWord(state="store_away")


def test_there_may_be_none() -> None:
    assert tracker_word(health({"module": "blacklist", "state": "running", "children": []})) is None
