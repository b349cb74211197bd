"""Shapes of the allowlist and of the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from tipd.store.audit import Act


class AllowanceShape(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the allowlist: whose word it is, why, and until when (null: until it is removed)."""

    kind: str
    value: str
    reason: str
    by: str
    created: datetime
    until: datetime | None


class AllowanceList(msgspec.Struct, frozen=True, kw_only=True):
    """What is allowed now, the oldest first."""

    allowed: list[AllowanceShape]


class NewAllowance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value, why it is allowed, and for how long (`for`: `"30d"`); without it, until it is removed."""

    value: str
    reason: Annotated[str, msgspec.Meta(max_length=2000)]
    lasts: str | None = msgspec.field(default=None, name="for")


class RemovedAllowance(msgspec.Struct, frozen=True, kw_only=True):
    """What is not allowed any more."""

    kind: str
    value: str
    removed: bool


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Acts, newest first; the last one's `id` is the next page's `before`."""

    acts: list[Act]
