"""Which findings a reader gets: the one filter of the log's doors (REST, stream, console, sinks)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from tipd.model.finding import Finding

ANY = "*"  # in place of watches' names: whatever any of them matches


class Choice:
    """What a reader asked for and may see; made by `choice`, compared and hashed as the object it is.

    `kinds`: of finding, none: every kind. `max_tlp`: nothing above it. `watches`: only what one of these matches,
    none: everything. `tags`: only findings whose `data` has one of these tags, as it was when they were told; none:
    everything. `initial`: also the indicators that a source's first round loaded (what tells of the round itself,
    `source.loaded`, stands for them and is never left out).
    """

    __slots__ = ("all_seen", "initial", "kinds", "max_tlp", "tags", "watches")

    def __init__(
        self,
        kinds: frozenset[str],
        max_tlp: Tlp,
        watches: frozenset[str],
        initial: bool,
        tags: frozenset[str] = frozenset(),
    ) -> None:
        """Use `choice`: readers that want the same share one."""
        self.kinds = kinds
        self.max_tlp = max_tlp
        self.watches = watches
        self.initial = initial
        self.tags = tags
        self.all_seen = initial and not watches and not tags and max_tlp == Tlp.RED

    def admits(self, finding: Finding) -> bool:
        """Say whether the reader gets this finding (annotated before)."""
        if self.kinds and finding.kind not in self.kinds:
            return False
        return self.all_seen or self._lets(finding)

    def _lets(self, finding: Finding) -> bool:
        if finding.tlp is not msgspec.UNSET and finding.mark > self.max_tlp:
            return False
        if not self.initial and finding.initial is True and finding.subject is not None:
            return False
        if self.tags and not self._tagged(finding):
            return False
        if not self.watches:
            return True
        if finding.watches is msgspec.UNSET:
            return False
        return ANY in self.watches or not self.watches.isdisjoint(finding.watches)

    def _tagged(self, finding: Finding) -> bool:
        tags = finding.data.get("tags")
        return isinstance(tags, list) and any(tag in self.tags for tag in tags if isinstance(tag, str))


@lru_cache(maxsize=4096)
def choice(
    kinds: frozenset[str] = frozenset(),
    *,
    max_tlp: Tlp,
    watches: frozenset[str] = frozenset(),
    initial: bool = True,
    tags: frozenset[str] = frozenset(),
) -> Choice:
    """Return the filter for these; equal ones are the same object, so that a message is put together once for all."""
    return Choice(kinds, max_tlp, watches, initial, tags)
