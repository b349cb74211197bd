"""Going through many names without holding the loop."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

AT_ONCE = 100  # names between two checkpoints: about two milliseconds


async def unhurried[T](things: Iterable[T], most: int | None = None) -> list[T]:
    """Return at most `most` of these, leaving the loop to others now and then; they may change meanwhile."""
    source = iter(things)
    found: list[T] = []
    while most is None or len(found) < most:
        part = list(islice(source, AT_ONCE if most is None else min(AT_ONCE, most - len(found))))
        if not part:
            break
        found += part
        await trio.lowlevel.checkpoint()
    return found
