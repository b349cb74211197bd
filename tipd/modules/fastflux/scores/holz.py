"""Holz's flux score, exactly as published, in hundredths so that no rounding decides.

Thorsten Holz, Christian Gorecki, Konrad Rieck, Felix C. Freiling: Measuring and Detecting Fast-Flux Service Networks,
NDSS 2008: f(x) = 1.32 n_A + 18.54 n_ASN + 0 n_NS, flux if and only if f(x) > 142.38. `n_A` are the distinct A records
and `n_ASN` the distinct ASNs of two consecutive look-ups, the second after the TTL of the first has run out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.look import UNKNOWN, numbers

if TYPE_CHECKING:
    from tipd.modules.fastflux.scores.look import Look

VERSION = "holz-2008"
PER_A = 132
PER_ASN = 1854
PER_NS = 0  # the paper's own weight: name servers did not help to tell the classes apart
BOUND = 14238
LONGEST = 86400.0  # seconds beyond the TTL after which a second look-up is no consecutive one any more


class Holz(msgspec.Struct, frozen=True, gc=False):
    """The score of one window."""

    n_a: int
    n_asn: int
    n_ns: int = 0

    @property
    def hundredths(self) -> int:
        """The score times 100, exact."""
        return PER_A * self.n_a + PER_ASN * self.n_asn + PER_NS * self.n_ns

    @property
    def score(self) -> float:
        """The score, for people; compare `hundredths`."""
        return self.hundredths / 100

    @property
    def flux(self) -> bool:
        """Whether the score lies above the bound."""
        return self.hundredths > BOUND


class Window(msgspec.Struct, frozen=True, gc=False):
    """Two consecutive look-ups: when, and how many distinct addresses and ASNs both hold together.

    `n_asn` is None where no AS table was there at one of them: without it there is no score. `changed`: the second
    brought another set than the first.
    """

    first: float
    second: float
    n_a: int
    n_asn: int | None
    changed: bool
    n_ns: int = 0

    @property
    def holz(self) -> Holz | None:
        """The window's score; None without an AS table."""
        return None if self.n_asn is None else Holz(self.n_a, self.n_asn, self.n_ns)

    @property
    def flux(self) -> bool:
        """Whether it speaks for flux."""
        return self.n_asn is not None and PER_A * self.n_a + PER_ASN * self.n_asn > BOUND


def window_of(first: Look, second: Look, n_ns: int = 0) -> Window | None:
    """Return the window of two look-ups, `first` being the earlier.

    None where they make none: one brought no address that counts, the TTL of the first had not run out, or the second
    came more than a day after that.
    """
    one, other = first.addresses, second.addresses
    if not (one and other) or first.outcome is not Outcome.NOERROR or second.outcome is not Outcome.NOERROR:
        return None
    if not first.at + first.ttl <= second.at <= first.at + first.ttl + LONGEST:
        return None
    changed = one != other
    n_a = len({*numbers(one), *numbers(other)}) if changed else len(one) // 4
    n_asn = _asns(first, second) if first.placed and second.placed else None
    return Window(first.at, second.at, n_a, n_asn, changed, n_ns)


def still(look: Look, before: float, n_ns: int = 0) -> Window:
    """Return the window of a look-up and one at `before` that brought the same."""
    n_asn = _asns(look, look) if look.placed else None
    return Window(before, look.at, len(look.addresses) // 4, n_asn, changed=False, n_ns=n_ns)


def _asns(first: Look, second: Look) -> int:
    found = {*first.asns, *second.asns}
    found.discard(UNKNOWN)
    return len(found)
