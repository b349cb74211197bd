"""Shapes of entries that are kept by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

MOST = 10_000  # in one call


class NewEntries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most 10,000 entries; `reason` counts for those that give none.

    An entry: `value`; `reason`; `for` (`"3d"`) or `until`; and, kept beside it, `port class malware reference status
    confidence first_seen last_seen tlp`. `kind` where the value does not say it.
    """

    entries: Annotated[list[Any], msgspec.Meta(max_length=MOST)]
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class EntryResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an entry, by its place in the call from 0. `reason`: why it was refused.

    `listed`: new, and told; `known`: it stood already, and says now what you said; `withdrawn`: it stood and ended;
    `absent`: it did not stand.
    """

    index: int
    result: Literal["listed", "known", "withdrawn", "absent", "refused"]
    value: str | None = None
    reason: str | None = None


class EntriesDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call; a refused entry harms no other. `results` are in the order of the entries."""

    source: str
    listed: int
    known: int
    withdrawn: int
    refused: int
    results: list[EntryResult]


class TakenBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most 10,000 values to take back, and why."""

    values: Annotated[list[Any], msgspec.Meta(max_length=MOST)]
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class EntryShape(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands: since when, when it was last reported, until when, and what was said beside it."""

    kind: str
    value: str
    since: datetime
    reported: datetime | None
    until: datetime | None
    tlp: str | None
    context: dict[str, Any]


class EntryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in no order that means anything; `next` goes into `after`, null at the end."""

    source: str
    entries: list[EntryShape]
    next: str | None
