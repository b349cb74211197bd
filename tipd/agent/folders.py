"""What the agent watches: each folder and mbox file with what is known of it, and when it is worth another look."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.agent.listing import Listing

if TYPE_CHECKING:
    from tipd.agent.maildir import Box

SLICE = 2048  # mails of one folder's backlog before the next folder's turn
_LONGEST_SLICE = 1 << 16  # where all of them are known
FULL_LOOK = 600.0  # seconds: some file systems do not tell that a folder changed
AGAIN = 3600.0  # seconds: then every name is compared with the ledger once more
AFTER_TROUBLE = 300.0
_SHARE = 0.01  # of the time, that listing one folder may take
_GRAIN = 2_000_000_000  # nanoseconds: a change this close to the look may have come after it, at the same time stamp


@dataclass
class Folder:
    """One folder of a maildir. Times are trio's, but for `changed`, which is the file system's."""

    box: Box
    path: bytes
    listing: Listing = field(init=False)
    changed: int = -1
    looked: float = float("-inf")
    took: float = 0.0
    again_at: float = 0.0
    fault: str = ""
    slice: int = field(default_factory=lambda: SLICE)
    patience: float = AFTER_TROUBLE  # until the next look after trouble
    troubled: bool = False  # since every name was last compared

    def __post_init__(self) -> None:
        """Know nothing of it yet."""
        self.listing = Listing(self.path)

    def is_due(self, now: float) -> bool:
        """Say whether it is worth listing: it changed, or was not listed for long, and its turn has come."""
        if now >= self.again_at > 0:
            return True
        since = now - self.looked
        if since >= FULL_LOOK:
            return True
        if since < self.took / _SHARE:
            return False
        try:
            return os.lstat(self.path).st_mtime_ns != self.changed
        except OSError:
            return True

    def look(self, now: float, wall_ns: int) -> list[bytes]:
        """List it and return what is new; raises OSError. Call it in a thread, with both clocks' present."""
        if now >= self.again_at:
            self.listing.again()
            self.again_at = now + AGAIN
            if not self.troubled:
                self.patience = AFTER_TROUBLE
            self.troubled = False
        try:
            told = os.lstat(self.path).st_mtime_ns
            names = self.listing.look()
        except OSError:
            self.listing.forget()
            self.changed = -1
            raise
        self.changed = told if wall_ns - told > _GRAIN else -1
        self.looked = now
        return names

    def older(self) -> list[bytes]:
        """Return the next slice of the backlog, newest first. Call it in a thread."""
        return self.listing.older(self.slice)

    def took_slice(self, *, known: bool) -> None:
        """Take longer slices while everything in them is known already, as after a start."""
        self.slice = min(_LONGEST_SLICE, self.slice * 2) if known else SLICE

    def trouble(self, now: float) -> None:
        """Have every name compared with the ledger again before long, then later and later: some cannot be read."""
        again_at = now + self.patience
        if not self.troubled:  # once for all slices of the same look
            self.patience = min(AGAIN, self.patience * 2)
        self.troubled = True
        self.again_at = min(self.again_at, again_at) if self.again_at else again_at
