"""Seek a value in bodies, in a worker process: they are unpacked for it, and may be anything."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from tipd.model.canonical.refang import MOST_FOR_ONE, loosely
from tipd.work.unpack import UnpackError, UnpackLimits, open_body

_LIMITS = UnpackLimits(max_bytes=2**36, max_ratio=10**9)  # what lies on our own disk was measured when it came


class SeekJob(msgspec.Struct, frozen=True, kw_only=True):
    """Files (packed or not), and a text that is sought where it stands by itself, in any case."""

    paths: list[str]
    text: str


class SeekResult(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the files hold it, and which could not be read to their ends (both by their place in the job)."""

    found: list[int] = []
    unread: list[int] = []


def seek(job: SeekJob) -> SeekResult:
    """Look through the files, one after the other; one that is not there any more holds nothing."""
    found: list[int] = []
    unread: list[int] = []
    for place, name in enumerate(job.paths):
        try:
            if holds(Path(name), job.text):
                found.append(place)
        except FileNotFoundError:
            continue
        except (UnpackError, OSError):
            unread.append(place)
    return SeekResult(found=found, unread=unread)


def holds(path: Path, text: str) -> bool:
    """Say whether the file holds the text. Raises UnpackError, OSError."""
    pattern = re.compile(rb"(?<![0-9A-Za-z_-])" + loosely(text).encode() + rb"(?![0-9A-Za-z_-])", re.IGNORECASE)
    longest = len(text.encode()) * MOST_FOR_ONE
    rest = b"\n"
    for chunk in open_body(path, _LIMITS):
        piece = rest + chunk
        # What touches either end is decided with what stands beyond it.
        if any(match.start() and match.end() < len(piece) for match in pattern.finditer(piece)):
            return True
        rest = piece[-longest - 1 :]
    return any(match.start() for match in pattern.finditer(rest))
