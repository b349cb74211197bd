"""Entries of a source that is kept by hand: values, and the rows they become."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tipd.model.indicator import Indicator
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF

if TYPE_CHECKING:
    from collections.abc import Iterable

_START = struct.Struct(">hiqihi")
_SIZE = struct.Struct(">i")
_JSONB = 1  # the version byte before a jsonb's text
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reports: `context` as JSON, None for none; `until`: its end, None: until it is taken back."""

    indicator: Indicator
    context: bytes | None = None
    tlp: int | None = None
    until: datetime | None = None


def by_key(entries: Iterable[Entry], seed: int) -> dict[int, Entry]:
    """Return the entries by their keys; of two with one indicator the later one counts."""
    return {key_of(seed, entry.indicator.kind, entry.indicator.value): entry for entry in entries}


def tuples_of(entries: dict[int, Entry]) -> bytes:
    """Return the entries as binary COPY tuples (`tipd.store.frames.COLUMNS`)."""
    return b"".join(_tuple(key, entry) for key, entry in entries.items())


def _tuple(key: int, entry: Entry) -> bytes:
    value = entry.indicator.value.encode()
    start = _START.pack(6, 8, key, 2, CODE_OF[entry.indicator.kind], len(value))
    context = None if entry.context is None else bytes((_JSONB,)) + entry.context
    tlp = None if entry.tlp is None else struct.pack(">h", entry.tlp)
    until = None if entry.until is None else struct.pack(">q", (entry.until - _EPOCH) // timedelta(microseconds=1))
    return start + value + _field(context) + _field(tlp) + _field(until)


def _field(raw: bytes | None) -> bytes:
    return _SIZE.pack(-1) if raw is None else _SIZE.pack(len(raw)) + raw
