"""The manifest of a MISP feed, read in a worker process: its events and when each was changed last."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from tipd.work.unpack import UnpackError, UnpackLimits, open_body

MOST_EVENTS = 200_000
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z", re.ASCII)


class ContentsJob(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest's file."""

    body: str
    max_body: int = 2**30


class Contents(msgspec.Struct, kw_only=True):
    """Event → its date (epoch); `refused`: entries that are none; `broken`: why it could not be read."""

    events: dict[str, int] = {}
    refused: int = 0
    broken: str = ""


class _Entry(msgspec.Struct):
    timestamp: Any = None


def contents(job: ContentsJob) -> Contents:
    """Return what the manifest says; one that cannot be read says why in `broken`."""
    try:
        raw = b"".join(open_body(Path(job.body), UnpackLimits(max_bytes=job.max_body)))
        manifest = msgspec.json.decode(raw, type=dict[str, _Entry])
    except UnpackError as error:
        return Contents(broken=str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Contents(broken=f"is no manifest of a MISP feed: {error}")
    if len(manifest) > MOST_EVENTS:
        return Contents(broken=f"names {len(manifest)} events, {MOST_EVENTS} are the most")
    found = {key.lower(): _date(entry.timestamp) for key, entry in manifest.items() if _UUID.match(key)}
    events = {key: date for key, date in found.items() if date is not None}
    return Contents(events=events, refused=len(manifest) - len(events))


def _date(value: Any) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None
