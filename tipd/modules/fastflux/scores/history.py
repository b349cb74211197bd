"""What is remembered of one name's look-ups: enough for every score and feature, in two to three kilobytes, or packed.

Only a changed answer needs `add`; look-ups that brought the same again are counted by `again`, later and at once.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import msgspec

from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.features import NOTHING, features_of
from tipd.modules.fastflux.scores.growth import Growth
from tipd.modules.fastflux.scores.holz import still, window_of
from tipd.modules.fastflux.scores.look import EMPTY, Look, numbers
from tipd.modules.fastflux.scores.nameservers import Nameservers
from tipd.modules.fastflux.scores.packing import MOST_CNAMES, packed, unpacked
from tipd.modules.fastflux.scores.spread import Spread
from tipd.modules.fastflux.scores.ttls import Ttls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.fastflux.scores.features import Features, Given
    from tipd.modules.fastflux.scores.holz import Window

EPOCH = 7 * 86400.0  # seconds; rates are taken over the epoch that runs and the one before
WINDOWS = 8  # of the last windows it is remembered whether they spoke for flux
_ALL = (1 << WINDOWS) - 1


class History:
    """One name's look-ups.

    `looks`: with addresses that count; `size`: their addresses, all together; `first`, `last`: when. `shown`: the last
    look-up; `anchor`: the one that the next window begins with. `windows`, `flux`, `moved`: how many windows there
    were, and as bits, the last one lowest, which of the last eight spoke for flux, and which held a change.
    `stable`: look-ups in a row that brought the same. `away`: look-ups in a row without an address that counts, since
    `away_since`. `barred`: look-ups with sinkholes or private addresses.
    """

    __slots__ = (
        "anchor",
        "away",
        "away_since",
        "barred",
        "cnames",
        "direct",
        "epoch",
        "epoch_looks",
        "epoch_new",
        "first",
        "flux",
        "former_looks",
        "former_new",
        "growth",
        "last",
        "looks",
        "moved",
        "ns",
        "shown",
        "size",
        "spread",
        "spread6",
        "stable",
        "ttls",
        "unplaced",
        "window",
        "windows",
    )

    def __init__(self) -> None:
        self.shown: Look | None = None
        self.anchor: Look | None = None
        self.window: Window | None = None
        self.looks = self.size = self.windows = self.flux = self.moved = 0
        self.stable = self.away = self.barred = 0
        self.first = self.last = self.away_since = 0.0
        self.epoch = 0.0
        self.epoch_looks = self.epoch_new = self.former_looks = self.former_new = 0
        self.unplaced = False  # at least one look-up came without an AS table
        self.spread = Spread()
        self.growth = Growth()
        self.ttls = Ttls()
        self.spread6: Spread | None = None  # of /64s: prefixes /32 and /48
        self.ns: Nameservers | None = None
        self.cnames: dict[str, float] = {}  # the ends of CNAME chains, and when each was seen last, longest ago first
        self.direct = 0.0  # when there was none the last time

    # --- look-ups -----------------------------------------------------------------------------------------------------

    def add(self, look: Look) -> Window | None:
        """Add a look-up (sifted: `Knowledge.sift`); return the window that it closes, if it does.

        Outcomes that say nothing of the name (SERVFAIL, REFUSED, a policy, no answer) leave everything as it is.
        """
        if look.outcome is not Outcome.NOERROR and look.outcome not in EMPTY:
            return None
        if look.barred:
            self.barred += 1
        if look.addresses6:
            self.add6(look.addresses6)
        before, self.shown = self.shown, look
        if look.outcome is not Outcome.NOERROR or not look.addresses:
            self._count_away(look)
            return None
        self.away = 0
        self._see_end(look)
        if before is not None and before.addresses == look.addresses:
            self.stable += 1
            self._count(look, 0, 1)
        else:
            self.stable = 0
            self._count(look, self.spread.add(numbers(look.addresses), look.asns), 1)
        return self._close(look)

    def again(self, count: int, at: float, ttl: int | None = None) -> None:
        """Count `count` more look-ups, the last one at `at`, that brought what the last one did; `ttl` as then."""
        shown = self.shown
        if count <= 0 or shown is None:
            return
        before = shown.at
        shown = msgspec.structs.replace(shown, at=at, ttl=shown.ttl if ttl is None else ttl)
        self.barred += count if shown.barred else 0
        self.shown = shown
        if not shown.answered:
            if not self.away:  # it was brought back
                self.away_since = at
            self.away += count
            return
        self.stable += count
        self._see_end(shown)
        self._count(shown, 0, count)
        self._close_again(shown, before, count)

    def back(self) -> None:
        """Give the name time again: it was let go, or dormant, and new evidence brought it back. All else stays."""
        self.stable = self.away = 0

    def _see_end(self, look: Look) -> None:
        """Remember where the CNAME chain ended."""
        if not look.cname:
            self.direct = look.at
            return
        self.cnames.pop(look.cname, None)
        self.cnames[look.cname] = look.at
        if len(self.cnames) > MOST_CNAMES:
            del self.cnames[next(iter(self.cnames))]

    def ends(self, within: float) -> tuple[str, ...]:
        """Return the ends of CNAME chains of the last `within` seconds of look-ups; an empty one: there was none."""
        since = self.last - within
        found = tuple(end for end, at in self.cnames.items() if at >= since)
        return (*found, "") if self.direct and self.direct >= since else found

    def _count(self, look: Look, new: int, count: int) -> None:
        """Count look-ups, the last of them at `look.at`, of which the first brought `new` addresses."""
        first = not self.looks
        if first:
            self.first = self.epoch = look.at
        elif look.at - self.epoch >= EPOCH:
            self._roll(look.at)
        self.looks += count
        self.last = look.at
        self.size += count * (len(look.addresses) // 4)
        self.epoch_looks += count
        self.epoch_new += 0 if first else new
        self.ttls.add(look.ttl, count)
        if not look.placed:
            self.unplaced = True
        if new:
            self.growth.add(self.looks, len(self.spread))

    def _roll(self, at: float) -> None:
        """Begin a new epoch; what ran before the last one counts for no rate any more."""
        passed = at - self.epoch < 2 * EPOCH
        self.former_looks, self.former_new = (self.epoch_looks, self.epoch_new) if passed else (0, 0)
        self.epoch_looks = self.epoch_new = 0
        self.epoch += EPOCH * ((at - self.epoch) // EPOCH)

    def _close(self, look: Look) -> Window | None:
        """Close the window that `look` is the second look-up of, if it is, and begin the next one."""
        anchor = self.anchor
        if anchor is None:
            self.anchor = look
            return None
        window = window_of(anchor, look, self.ns.named if self.ns else 0)
        if window is not None:
            self._note(window, 1)
        elif look.at < anchor.at + anchor.ttl:  # too soon: a later one may close it
            self._begin_sooner(look)
            return None
        else:
            self.flux = self.moved = 0  # too late: what lies before is no neighbour any more
        self.anchor = look
        return window

    def _close_again(self, shown: Look, before: float, count: int) -> None:
        """Close the windows of `count` look-ups after `before`, evenly spaced, that brought what the last one did."""
        anchor = self.anchor
        if anchor is None:
            return
        if shown.at < anchor.at + anchor.ttl:
            self._begin_sooner(shown)
            return
        pace = (shown.at - before) / count
        place = min(count, max(1, ceil((anchor.at + anchor.ttl - before) / pace))) if pace > 0 else count
        second = self._of(shown, before, place, count, pace)
        n_ns = self.ns.named if self.ns else 0
        if anchor.addresses == shown.addresses:
            self._note(still(second, anchor.at, n_ns), 1)
        elif (window := window_of(anchor, second, n_ns)) is not None:
            self._note(window, 1)
        step = max(1, ceil(shown.ttl / pace - 1e-6)) if pace > 0 else count
        if more := (count - place) // step:
            place += more * step
            second = self._of(shown, before, place, count, pace)
            self._note(still(second, second.at - step * pace, n_ns), more)
        self.anchor = second

    def _begin_sooner(self, look: Look) -> None:
        """Begin the next window with this look-up where it can be closed sooner: a long TTL has become a short one."""
        anchor = self.anchor
        if anchor is not None and look.at + look.ttl < anchor.at + anchor.ttl:
            self.anchor = look

    @staticmethod
    def _of(shown: Look, before: float, place: int, count: int, pace: float) -> Look:
        """Return the look-up at this place of `count` (from 1), the last of which is `shown`."""
        return shown if place == count else msgspec.structs.replace(shown, at=before + place * pace)

    def _note(self, window: Window, count: int) -> None:
        """Remember `count` windows like this one."""
        self.window = window
        self.windows += count
        places = min(count, WINDOWS)
        every = (1 << places) - 1
        self.flux = (self.flux << places | (every if window.flux else 0)) & _ALL
        self.moved = (self.moved << places | (every if window.changed else 0)) & _ALL

    def _count_away(self, look: Look) -> None:
        if not self.away:
            self.away_since = look.at
        self.away += 1
        self.stable = 0

    # --- what is asked more rarely ------------------------------------------------------------------------------------

    def add_ns(self, at: float, names: Sequence[str], addresses: bytes, asns: Sequence[int] = ()) -> bool:
        """Add a look-up of the zone's name servers: names, and all their addresses packed; say whether it changed."""
        if self.ns is None:
            self.ns = Nameservers()
        return self.ns.add(at, names, addresses, asns)

    def place(self, asns: Sequence[int]) -> None:
        """Say anew which AS each of `spread.numbers` is in, in their order: an AS table has come, or another one."""
        self.spread.place(asns)
        self.unplaced = False

    def add6(self, addresses6: bytes) -> int:
        """Add the IPv6 addresses of a look-up, packed; return how many /64s are new (one host has many addresses)."""
        if self.spread6 is None:
            self.spread6 = Spread("Q", 32, 16)
        found = {int.from_bytes(addresses6[at : at + 8]) for at in range(0, len(addresses6), 16)}
        return self.spread6.add(sorted(found))

    def rates(self) -> tuple[int, int, float]:
        """Return look-ups and new addresses of the epoch that runs and the one before, and when these began."""
        if self.former_looks:
            return self.epoch_looks + self.former_looks, self.epoch_new + self.former_new, self.epoch - EPOCH
        return self.epoch_looks, self.epoch_new, self.epoch

    # --- what it says -------------------------------------------------------------------------------------------------

    def features(self, now: float, given: Given = NOTHING) -> Features:
        """Return the long-window features as of `now`; `given` is what others know of the name."""
        return features_of(self, now, given)

    def pack(self) -> bytes:
        """Return it in some 200 bytes for a usual name, to be stored; `unpack` brings it back."""
        return packed(self)

    @classmethod
    def unpack(cls, memo: bytes) -> History:
        """Return what was packed. Raises ValueError where the bytes are none of ours."""
        return unpacked(memo, cls())
