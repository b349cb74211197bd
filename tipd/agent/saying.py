"""What the agent's commands say: results on standard output, messages on standard error."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import msgspec

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Saying:
    """Where results go; `as_json` means JSON Lines."""

    as_json: bool
    quiet: bool
    out: TextIO
    err: TextIO

    @classmethod
    def of(cls, args: argparse.Namespace) -> Saying:
        """Return what the global options ask for."""
        return cls(bool(args.json), bool(args.quiet), sys.stdout, sys.stderr)

    def record(self, value: Mapping[str, object]) -> None:
        """Write one JSON line."""
        self.out.write(msgspec.json.encode(value).decode() + "\n")

    def line(self, text: str) -> None:
        """Write one line for people."""
        self.out.write(_printable(text) + "\n")

    def say(self, text: str) -> None:
        """Write a message, unless quiet."""
        if not self.quiet:
            self.err.write(f"tipd-agent: {_printable(text)}\n")
            self.err.flush()

    def rows(self, head: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows: with `--json` one object a line, else in columns (the keys that `head` names)."""
        rows = list(rows)
        if self.as_json:
            for row in rows:
                self.record(row)
            return
        cells: list[list[str]] = [
            [name.upper() for name in head],
            *([_printable(str(row[name])) for name in head] for row in rows),
        ]
        widths = [max(len(line[at]) for line in cells) for at in range(len(head))]
        for line in cells:
            self.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _printable(text: str) -> str:
    """Return the text without what a terminal would obey."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
