"""A finding: a change worth telling, numbered, immutable, kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tipd.model.indicator import Indicator

INDICATOR_LISTED = "indicator.listed"
INDICATOR_DELISTED = "indicator.delisted"
SOURCE_DEGRADED = "source.degraded"
SOURCE_RECOVERED = "source.recovered"
SOURCE_LOADED = "source.loaded"
SOURCE_REMOVED = "source.removed"
SOURCE_ACCEPTED = "source.accepted"
MODULE_FAILED = "module.failed"


class NewFinding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A finding before the writer gives it its `seq` and `at`.

    `source` is a source's name or None; `subject` an indicator or None (a source's own finding); `key` the subject's
    64-bit key, where it is an indicator.
    """

    kind: str
    module: str
    source: str | None = None
    subject: Indicator | None = None
    key: int | None = None
    data: dict[str, Any] = {}
    initial: bool = False


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=False):
    """A stored finding, in the shape every client reads (blueprint, section 6)."""

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


_encoder = msgspec.json.Encoder()


def encode(finding: Finding) -> bytes:
    """Return the finding as one JSON object (no newline)."""
    return _encoder.encode(finding)
