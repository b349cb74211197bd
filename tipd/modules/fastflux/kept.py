"""Names that need more than their record: those that changed at least once, and those above watched.

A history takes about two kilobytes. One that has not changed for long lies packed in some 200 bytes, until the next
change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.model.flux import State, Tier
from tipd.modules.fastflux.scores.features import NOTHING
from tipd.modules.fastflux.scores.history import History

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tipd.modules.fastflux.scores.features import Given

COLD = 12  # look-ups in a row without a change after which a watched name's history is packed


class Shown(NamedTuple):
    """What was last stored as a score."""

    holz: int | None
    n_a: int
    n_asn: int
    total: int
    tier: Tier
    state: State


class Kept:
    """What is known of one name beyond its record.

    `given`: what others know of it. `ns`: its zone's name servers. `shown`: what was last stored as a score. `marked`:
    when the last mark was made (seconds), 0: not since the start. `six`: the last IPv6 addresses. `fresh`: it has
    changed since the last mark. `table`: the AS table by which its addresses were placed.
    """

    __slots__ = ("fresh", "given", "history", "marked", "ns", "shown", "six", "table")

    def __init__(self, history: History) -> None:
        """Begin with a history."""
        self.history = history
        self.given: Given = NOTHING
        self.ns: tuple[str, ...] = ()
        self.shown: Shown | None = None
        self.marked = 0.0
        self.six = b""
        self.fresh = False
        self.table: object = None

    def learn(self, *, shared: int | None, shared_names: int | None, siblings: Mapping[str, int] | None) -> bool:
        """Take what others know of the name; None leaves what was known. Return whether anything is new."""
        given = self.given
        self.given = msgspec.structs.replace(
            given,
            shared=given.shared if shared is None else shared,
            shared_names=given.shared_names if shared_names is None else shared_names,
            siblings=given.siblings if siblings is None else dict(siblings),
        )
        return self.given != given


class Shelf:
    """Kept names by slot, warm and cold."""

    def __init__(self) -> None:
        """Empty."""
        self._warm: dict[int, Kept] = {}
        self._cold: dict[int, bytes] = {}
        self.unreadable = 0  # memos of another version

    def __contains__(self, slot: int) -> bool:
        """Whether a name is kept, warm or cold."""
        return slot in self._warm or slot in self._cold

    def __iter__(self) -> Iterator[int]:
        """Yield the slots that are warm."""
        yield from self._warm

    def lay(self, slot: int, memo: bytes) -> None:
        """Keep a packed history, cold."""
        self._cold[slot] = memo

    def keep(self, slot: int, history: History) -> Kept:
        """Keep a history, warm."""
        kept = self._warm[slot] = Kept(history)
        return kept

    def warm(self, slot: int) -> Kept | None:
        """Return a kept name if it is warm."""
        return self._warm.get(slot)

    def take(self, slot: int) -> Kept | None:
        """Return a kept name, warmed where it was cold; None where it is not kept, or its memo cannot be read."""
        if (kept := self._warm.get(slot)) is not None:
            return kept
        memo = self._cold.pop(slot, None)
        if memo is None:
            return None
        try:
            return self.keep(slot, History.unpack(memo))
        except ValueError:
            self.unreadable += 1
            return None

    def cool(self, slot: int, memo: bytes) -> None:
        """Lay a warm one down; `memo`: its history, packed."""
        del self._warm[slot]
        self._cold[slot] = memo

    def forget(self, slot: int) -> None:
        """Keep it no more."""
        self._warm.pop(slot, None)
        self._cold.pop(slot, None)

    def facts(self) -> dict[str, int]:
        """Return how many there are."""
        return {"warm": len(self._warm), "cold": len(self._cold), "unreadable": self.unreadable}
