"""Read what somebody reports: an entry becomes indicators with what stands beside them, or is refused with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.config import duration
from tipd.model import context
from tipd.model.canonical import ALL_KINDS, read
from tipd.model.context import KNOWN, LONGEST, encoded, fitted, text_of, value_of
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import tlp_of
from tipd.store.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.indicator import Indicator

REASON, REPORTED_BY = "reason", "reported_by"  # beside the keys that every source may have
LONGEST_SPAN = timedelta(days=36500)


class NewEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry: a value (an address, a range, a network, a name, a URL, a hash …), why, and until when.

    `reason`: where it is empty, the call's. `for` (`"3d"`) or `until`; without either it stands until it is taken back,
    or as long as its source lets entries stand. `kind` where the value alone does not say. The rest is kept beside it.
    """

    value: str
    kind: Kind | None = None
    reason: str = ""
    lasts: str | None = msgspec.field(default=None, name="for")
    until: datetime | None = None
    tlp: str | None = None
    port: int | None = None
    class_: str | None = msgspec.field(default=None, name="class")
    malware: str | None = None
    reference: str | None = None
    status: str | None = None
    confidence: float | str | None = None
    first_seen: str | None = None
    last_seen: str | None = None


class Refused(ValueError):
    """An entry that is not taken, in one line."""


class Read(NamedTuple):
    """Entries by their place in the call: what each became, or why it was refused."""

    entries: dict[int, list[Entry]]
    refused: dict[int, str]


def read_entries(raw: Sequence[Any], *, reason: str, by: str, now: datetime) -> Read:
    """Return what is reported; a wrong entry harms no other. About 30 microseconds an entry: run it in a thread."""
    entries: dict[int, list[Entry]] = {}
    refused: dict[int, str] = {}
    for place, one in enumerate(raw):
        try:
            entries[place] = read_entry(one, reason=reason, by=by, now=now)
        except Refused as error:
            refused[place] = str(error)
    return Read(entries, refused)


def read_entry(raw: Any, *, reason: str, by: str, now: datetime) -> list[Entry]:
    """Return one entry's rows, several where it is a range; raises Refused."""
    try:
        said = msgspec.convert(raw, NewEntry)
    except msgspec.ValidationError as error:
        raise Refused(str(error)) from None
    until = _until(said, now)
    beside = encoded(_context(said, reason, by))
    try:
        tlp = None if said.tlp is None else int(tlp_of(said.tlp))
    except ValueError as error:
        raise Refused(f"tlp: {error}") from None
    return [
        Entry(indicator=indicator, context=beside, tlp=tlp, until=until)
        for indicator in read_value(said.value, said.kind)
    ]


def read_value(text: Any, kind: Kind | None = None) -> tuple[Indicator, ...]:
    """Return what a value names; raises Refused."""
    if not isinstance(text, str):
        raise Refused("a value is text")
    try:
        return read(text, ALL_KINDS if kind is None else frozenset({kind})).indicators
    except RefusedValue as error:
        raise Refused(error.reason) from None


def read_values(raw: Sequence[Any]) -> tuple[dict[int, tuple[Indicator, ...]], dict[int, str]]:
    """Return what values name, by their places, and why others name nothing."""
    named: dict[int, tuple[Indicator, ...]] = {}
    refused: dict[int, str] = {}
    for place, one in enumerate(raw):
        try:
            named[place] = read_value(one)
        except Refused as error:
            refused[place] = str(error)
    return named, refused


def _until(said: NewEntry, now: datetime) -> datetime | None:
    if said.lasts is not None and said.until is not None:
        raise Refused("for: goes without until")
    if said.lasts is not None:
        try:
            span = duration(said.lasts)
        except ValueError as error:
            raise Refused(f"for: {error}") from None
        if not timedelta(0) < span <= LONGEST_SPAN:
            raise Refused("for: must be longer than nothing, and at most a hundred years")
        return now + span
    if said.until is None:
        return None
    if said.until.tzinfo is None:
        raise Refused("until: needs an offset (2026-11-22T04:00:00Z)")
    if not now < said.until <= now + LONGEST_SPAN:
        raise Refused("until: has passed" if said.until <= now else "until: is beyond a hundred years")
    return said.until.astimezone(UTC)


def _context(said: NewEntry, reason: str, by: str) -> dict[str, Any]:
    why = text_of(said.reason) or text_of(reason)
    if not why:
        raise Refused("reason: is needed; whoever reads this in a year wants to know why")
    kept: dict[str, Any] = {REASON: why, REPORTED_BY: by[:LONGEST]}
    for name in KNOWN:
        given = said.class_ if name == context.CLASS else getattr(said, name)
        if given is None:
            continue
        try:
            value = value_of(name, given, UTC)
        except context.Unreadable as error:
            raise Refused(f"{name}: {error}") from None
        if value is not None:
            kept[name] = value
    return fitted(kept)
