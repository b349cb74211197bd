"""How the tracker in this process is, for who asks about tracked names: it names nobody, so everybody may know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.shapes_flux import TrackerWord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tipd.api.services import Health

MODULE = "fastflux"
NEEDS_RESOLVER = "needs_resolver"


def tracker_word(health: Health) -> TrackerWord | None:
    """Return its state in a word, `needs_resolver` with the reason where it waits for one; None: none runs here."""
    node = _node(health.snapshot().get("modules") or [])
    if node is None:
        return None
    facts = node.get("facts") or {}
    word = str(facts.get("state") or node.get("state") or "")
    return TrackerWord(state=word, why=str(facts.get("why") or "") if word == NEEDS_RESOLVER else "")


def _node(nodes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    for node in nodes:
        found = node if node.get("module") == MODULE else _node(node.get("children") or [])
        if found is not None:
            return found
    return None
