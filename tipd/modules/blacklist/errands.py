"""What is to be forgotten, on disk until it is: a daemon that was stopped or killed meanwhile goes on with it.

One file each, for our own user only, gone once it is done. All calls touch the disk: run them in a thread.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from tipd.model.kind import Kind

if TYPE_CHECKING:
    from pathlib import Path


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """One value that somebody wants forgotten; `reason` does not name it."""

    id: str
    kind: Kind
    value: str
    by: str
    reason: str
    block: bool
    below: bool


class Errands:
    """Those of one state folder."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is made yet."""
        self._folder = state_dir / "forgetting"

    def put(self, errand: Errand) -> None:
        """Write one down, synced. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self._folder / f"{errand.id}.new"
        with made.open("wb") as file:
            file.write(msgspec.json.encode(errand))
            file.flush()
            os.fsync(file.fileno())
        made.replace(self._folder / f"{errand.id}.json")

    def all(self) -> list[Errand]:
        """Return those that are not done; what cannot be read is none of ours."""
        found: list[Errand] = []
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError, msgspec.DecodeError):
                found.append(msgspec.json.decode(path.read_bytes(), type=Errand))
        return found

    def drop(self, number: str) -> None:
        """Remove one that is done."""
        for end in ("json", "new"):
            (self._folder / f"{number}.{end}").unlink(missing_ok=True)
