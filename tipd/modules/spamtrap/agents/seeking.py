"""Which versions name a value that is forgotten: their lines looked through, in a worker process."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from tipd.model.canonical.refang import loosely
from tipd.model.mentions import keys_in_json
from tipd.modules.spamtrap.taking import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 2**34  # bytes that a version's lines are unpacked to


class SeekJob(msgspec.Struct, frozen=True, kw_only=True):
    """Files of versions; what is sought: a text in any spelling (empty: none), and keys drawn with a seed.

    With a text, keys are only looked for where a line may spell it otherwise.
    """

    paths: tuple[str, ...]
    keys: tuple[int, ...]
    seed: int
    text: str = ""


def seek(job: SeekJob) -> tuple[int, ...]:
    """Return the places of the files that name it, or cannot be read to their ends; one that is gone names nothing."""
    holds = _sought(job)
    found: list[int] = []
    for place, name in enumerate(job.paths):
        try:
            if any(map(holds, lines_of(Path(name), LONGEST))):
                found.append(place)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            found.append(place)
    return tuple(found)


def _sought(job: SeekJob) -> Callable[[bytes], bool]:
    keys = frozenset(job.keys)

    def named(line: bytes) -> bool:
        return not keys.isdisjoint(keys_in_json(line, job.seed))

    if not job.text:
        return named
    pattern = re.compile(
        rb"(?<![0-9A-Za-z_-])" + loosely(job.text).encode() + rb"(?![0-9A-Za-z_-])", re.IGNORECASE
    ).search
    may = _spelled_otherwise(job.text)
    return lambda line: pattern(line) is not None or (may(line) and named(line))


def _spelled_otherwise(text: str) -> Callable[[bytes], bool]:
    """Return whether a line may hold the value in other letters: escaped, in Unicode, with a port, with more zeros."""
    hint = ""
    if "://" in text:
        hint = urlsplit(text).hostname or ""
    elif text.count(":") > 1:
        hint = text.partition(":")[0]
    sought = hint.encode()
    return lambda line: b"\\u" in line or not line.isascii() or (sought != b"" and sought in line.lower())
