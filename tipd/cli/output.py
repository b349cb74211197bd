"""What a command says: results on standard output, messages and progress on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}
_PROGRESS_EVERY = 0.1  # seconds


def printable(text: str) -> str:
    """Return the text without what a terminal would obey: lists come from strangers."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


@dataclass(slots=True)
class Output:
    """Where the results of one command go; `as_json` means JSON Lines."""

    as_json: bool
    quiet: bool
    out: TextIO
    err: TextIO
    verbose: int = 0

    @classmethod
    def of(cls, args: argparse.Namespace) -> Output:
        """Return the output that the global options ask for."""
        return cls(args.json, args.quiet, sys.stdout, sys.stderr, args.verbose)

    def record(self, value: Mapping[str, Any]) -> None:
        """Write one JSON line."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if not text.isprintable():  # JSON itself escapes only the lower half of what a terminal obeys
            text = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
        self.out.write(text + "\n")

    def line(self, text: str = "") -> None:
        """Write one line for people."""
        self.out.write(text + "\n")

    def flush(self) -> None:
        """Let a reader at the other end of a pipe see it now."""
        self.out.flush()

    def say(self, text: str) -> None:
        """Write a message, unless quiet."""
        if not self.quiet:
            self.err.write(f"tipd: {text}\n")
            self.err.flush()

    def log_to_stderr(self) -> None:
        """Have the daemon's rooms, where a command uses them, log to standard error, and little unless asked."""
        from tipd import log

        log.setup("debug" if self.verbose > 1 else "info" if self.verbose else "warning", stream=self.err)

    def coloured(self, text: str, colour: str) -> str:
        """Return the text in a colour where standard output is a terminal and NO_COLOR is not set."""
        if self.as_json or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not self.out.isatty():
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write rows in columns as wide as they need; numbers and words alike to the left."""
        cells = [[printable(cell) for cell in row] for row in rows]
        widths = [max(len(row[at]) for row in [list(head), *cells]) for at in range(len(head))]
        for number, row in enumerate([list(head), *cells]):
            text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            self.line(self.coloured(text, "bold") if number == 0 else text)

    def progress(self, what: str) -> Progress:
        """Return a counter shown on standard error, only where that is a terminal."""
        return Progress(what, self.err if self.err.isatty() and not self.quiet else None)


class Progress:
    """`12,000 values` on a line that is written again and again; removed at the end."""

    def __init__(self, what: str, err: TextIO | None) -> None:
        """`err` None: show nothing."""
        self._what = what
        self._err = err
        self._shown = 0.0
        self.done = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._err is not None and self._shown:
            self._err.write("\r\x1b[K")
            self._err.flush()

    def add(self, count: int) -> None:
        """Count on."""
        self.done += count
        if self._err is not None and time.monotonic() - self._shown >= _PROGRESS_EVERY:
            self._shown = time.monotonic()
            self._err.write(f"\r\x1b[K{self.done:,} {self._what}")
            self._err.flush()
