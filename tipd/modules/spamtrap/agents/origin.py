"""Where an agent's versions come from: the agent itself over HTTPS, or a folder; what both are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tipd.agent.protocol import Manifest

MOST_LISTED = 1000
INLINE = 256 * 1024  # bytes: smaller versions are held in memory until they are put down together


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is after a number: manifests as they were signed, in order. `date`: the origin's clock."""

    agent: str
    view: str
    last: int
    manifests: tuple[bytes, ...]
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """A version's compressed lines, in memory or as a file; their size and hash were compared with the manifest."""

    data: bytes = b""
    path: Path | None = None


class AwayError(Exception):
    """The origin cannot be asked, or gives no proper answer; `state` is a source's state (`unreachable`, …)."""

    def __init__(self, state: str, message: str) -> None:
        """Keep the state beside the text."""
        super().__init__(message)
        self.state = state


class Origin(Protocol):
    """Asked by one task, but for `lines`, which several may ask at once."""

    async def listing(self, since: int) -> Listing:
        """Return what comes after a number, at most `MOST_LISTED`; raises AwayError and Refusal."""
        ...

    async def lines(self, manifest: Manifest, into: Path) -> Lines | None:
        """Return a version's lines, None where they are gone; `into`: where a large one goes, begun or not.

        Raises AwayError (what came is kept for the next time) and Refusal (what came is not what was sealed).
        """
        ...

    async def watch(self, told: Callable[[int], None]) -> None:
        """Call `told` with the last number whenever it may have changed; ends or raises AwayError where it cannot."""
        ...

    async def taken(self, upto: int) -> None:
        """Be told that all versions up to this one are taken and kept."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...
