"""How every part is: a tree of nodes and the fill of every channel, shown by `/api/v1/status` and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.nursery.contract import ModuleState


@dataclass(frozen=True, slots=True)
class Fill:
    """How full a channel is: `used` of `size` places (of its slowest reader), and who waits at it."""

    kind: str  # "feed" or "stream"
    size: int
    used: int
    senders: int = 0  # waiting to send
    readers: int = 0
    cut: int = 0  # readers cut because they lagged, since the start


class Channel(Protocol):
    """What a `Feed` and a `Stream` have in common here."""

    @property
    def fill(self) -> Fill:
        """Return how full it is now."""
        ...


class Node:
    """One part of the daemon. It is the `HealthSink` of a module; the supervisor and scheduler set the rest."""

    def __init__(self, name: str, clock: Clock) -> None:
        """Begin as `starting`; made by `Tree.node`."""
        self.name = name
        self.state: ModuleState = "starting"
        self.last_run: datetime | None = None
        self.next_run: datetime | None = None
        self.last_beat: datetime | None = None
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None
        self.restarts = 0
        self.failures = 0  # in a row
        self.facts: dict[str, Any] = {}
        self._clock = clock

    def note(self, **facts: Any) -> None:
        """Set facts shown beside the node; None takes one away. What JSON does not know is shown as text."""
        for key, value in facts.items():
            if value is None:
                self.facts.pop(key, None)
            else:
                self.facts[key] = msgspec.to_builtins(value, enc_hook=str, str_keys=True)

    def beat(self) -> None:
        """Say that the part made progress."""
        self.last_beat = self._clock.now()

    def error(self, text: str) -> None:
        """Keep what went wrong last; it stays visible after the part recovered, with its time."""
        self.last_error = text
        self.last_error_at = self._clock.now()

    def end(self) -> None:
        """Show that the part has ended for good; a failed one stays failed."""
        self.next_run = None
        if self.state != "failed":
            self.state = "stopped"

    def snapshot(self) -> dict[str, Any]:
        """Return the node as JSON-ready values; times are RFC 3339 in UTC, or null."""
        return {
            "module": self.name,
            "state": self.state,
            "last_run": _text(self.last_run),
            "next_run": _text(self.next_run),
            "last_beat": _text(self.last_beat),
            "restarts": self.restarts,
            "failures": self.failures,
            "last_error": self.last_error,
            "last_error_at": _text(self.last_error_at),
            "facts": dict(self.facts),
        }


class Tree:
    """All nodes by path (`blacklist`, `blacklist/ipsum`) and all channels by name."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self.clock = clock
        self._nodes: dict[str, Node] = {}
        self._channels: dict[str, Channel] = {}

    def node(self, name: str) -> Node:
        """Return the node of that path, made at the first call."""
        found = self._nodes.get(name)
        if found is None:
            found = self._nodes[name] = Node(name, self.clock)
        return found

    def drop(self, name: str) -> None:
        """Forget a node and all below it; nothing happens where there is none."""
        below = name + "/"
        for path in [path for path in self._nodes if path == name or path.startswith(below)]:
            del self._nodes[path]

    def channel(self, name: str, channel: Channel) -> None:
        """Show the fill of a channel under this name."""
        self._channels[name] = channel

    def drop_channel(self, name: str) -> None:
        """Show it no more; nothing happens where there is none."""
        self._channels.pop(name, None)

    def nodes(self) -> Iterator[Node]:
        """Yield every node, in the order they came."""
        yield from list(self._nodes.values())

    def fills(self) -> dict[str, Fill]:
        """Return the fill of every channel by name."""
        return {name: channel.fill for name, channel in self._channels.items()}

    def failed(self) -> list[str]:
        """Return the paths of what has failed."""
        return [node.name for node in self._nodes.values() if node.state == "failed"]

    def snapshot(self) -> dict[str, Any]:
        """Return `{"modules": [node with "children"…], "channels": [{name, kind, size, used, …}]}`, JSON-ready."""
        rows = {name: {**node.snapshot(), "children": []} for name, node in self._nodes.items()}
        roots: list[dict[str, Any]] = []
        for name, row in rows.items():
            parent = rows.get(name.rpartition("/")[0])
            (roots if parent is None else parent["children"]).append(row)
        channels = [{"name": name, **msgspec.to_builtins(fill)} for name, fill in self.fills().items()]
        return {"modules": roots, "channels": channels}


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
