"""A finding: a change worth telling, numbered, immutable, kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tipd.model.indicator import Indicator
from tipd.model.tlp import Tlp, tlp_of

INDICATOR_LISTED = "indicator.listed"
INDICATOR_DELISTED = "indicator.delisted"
INDICATOR_MARKED = "indicator.marked"  # its source shows it to others than before
SOURCE_DEGRADED = "source.degraded"
SOURCE_RECOVERED = "source.recovered"
SOURCE_LOADED = "source.loaded"
SOURCE_REMOVED = "source.removed"
SOURCE_ACCEPTED = "source.accepted"
SOURCE_GONE = "source.gone"  # it could not be read for too long: all it listed has ended
SOURCE_ENABLED = "source.enabled"
SOURCE_DISABLED = "source.disabled"
SOURCE_REPLAYED = "source.replayed"  # its kept bodies were read again
INDICATOR_FORGOTTEN = "indicator.forgotten"  # without the value: whoever has it hashes what he has
MODULE_FAILED = "module.failed"
ALLOW_ADDED = "allow.added"
ALLOW_REMOVED = "allow.removed"
SINK_STOPPED = "sink.stopped"

# What the operator did or runs is nobody else's business, whatever source it is about: at least this mark.
_OWN = ("allow.", "entry.", "indicator.forgotten", SOURCE_ENABLED, SOURCE_DISABLED, "sink.", MODULE_FAILED)
OWN_MARK = Tlp.AMBER


class NewFinding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A finding before the writer gives it its `seq` and `at`.

    `source` is a source's name or None; `subject` an indicator or None (a source's own finding); `key` the subject's
    64-bit key, where it is an indicator; `tlp` the finding's own mark.
    """

    kind: str
    module: str
    source: str | None = None
    subject: Indicator | None = None
    key: int | None = None
    data: dict[str, Any] = {}
    initial: bool = False
    tlp: Tlp | None = None


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=False):
    """A stored finding, in the shape every client reads (blueprint, section 6).

    `tlp` is its effective mark: the stricter of its own and its source's present one; left out where that is `clear`.
    `watches` (names of the operator's watches it concerns) and `allowed` (the allowlist covers its subject) are never
    stored: whoever shows a finding adds them, so that a new watch or allow acts on old findings too.
    """

    seq: int
    at: datetime
    kind: str
    module: str
    source: str | None
    subject: Indicator | None
    data: dict[str, Any]
    initial: bool | msgspec.UnsetType = msgspec.UNSET
    watches: list[str] | msgspec.UnsetType = msgspec.UNSET
    tlp: str | msgspec.UnsetType = msgspec.UNSET
    allowed: bool | msgspec.UnsetType = msgspec.UNSET

    @property
    def mark(self) -> Tlp:
        """Its effective mark."""
        return Tlp.CLEAR if self.tlp is msgspec.UNSET else tlp_of(self.tlp)


def least_mark(kind: str) -> Tlp:
    """Return the mark that a finding of this kind bears at least, whatever its source's is."""
    return OWN_MARK if kind.startswith(_OWN) else Tlp.CLEAR


_encoder = msgspec.json.Encoder()


def encode(finding: Finding) -> bytes:
    """Return the finding as one JSON object (no newline)."""
    return _encoder.encode(finding)
