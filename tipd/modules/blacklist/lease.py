"""What a round has taken: noted before it is, so that what a killed round held can be told from what is not due yet.

`due` is the lease. One that nobody settles passes only after the longest time a source may take; whoever held it knows
sooner that nobody works on it any more: this state folder has one collecting process (`tipd.daemon.hold`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """When sources were taken and until when; no other lease has that very end."""

    began: datetime
    until: datetime


def note(path: Path, lease: Lease) -> None:
    """Write it in one piece; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(lease))
    fresh.replace(path)


def noted(path: Path) -> Lease | None:
    """Return the last one written here; None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lease)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
