"""A body's bytes made decent before anything reads them: encoding marks, NULs, line ends; its head looked at.

All of it as a stream: a piece comes in, a piece goes out, whatever the body's size.
"""

from __future__ import annotations

import codecs
import re
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = 4096
# A tag where a line begins, after other markup or none: what somebody put into the middle of a row (a URL with
# `<script>` in it) shall not stop the whole list.
_HTML = re.compile(
    rb"^[^\S\n]*(?:<[^<>]*>\s*)*(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]|<script[\s>]|<meta\s)",
    re.IGNORECASE | re.MULTILINE,
)
_STAMP = re.compile(
    rb"(?i)(?:updated?|generated|modified|last[ -]?mod\w*|date|timestamp|expires)\b[^0-9\r\n]{0,40}"
    rb"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?|\d{4}-\d{2}-\d{2})"
)


class BodyFault(ValueError):
    """A body that is not of its format, so that nothing of it can be used; the text says where."""


RUN = 2000  # units of a run, where they are no lines


class Unit(NamedTuple):
    """A run of units of a body, mostly lines: `first` is the number of the first one, from 1.

    `overlong` are the places in `units` of those that were over the bound; they stand there empty.
    """

    first: int
    units: list[bytes]
    overlong: tuple[int, ...] = ()


def in_runs(units: Iterable[bytes], size: int = RUN) -> Iterator[Unit]:
    """Put units together to runs of `size`, in order."""
    number = 1
    for run in batched(units, size, strict=False):
        yield Unit(number, list(run))
        number += len(run)


class Intake:
    """Cleans a body and notes what the guards ask: `html`, `canary` (found or not asked for), `stamp`, `bytes`.

    `nuls` counts the NULs that were taken out.
    """

    def __init__(self, must_match: str | None, *, keep_line_ends: bool = False) -> None:
        """`must_match` is a text that a right body has; `keep_line_ends` leaves a lone CR (JSON needs none)."""
        self._wanted = must_match.encode() if must_match else b""
        self._tail = b""
        self._head = b""
        self._keep_line_ends = keep_line_ends
        self.canary = not self._wanted
        self.bytes = self.nuls = 0

    @property
    def html(self) -> bool:
        """Whether the body begins like an HTML page."""
        return _HTML.search(self._head[:_HEAD].lstrip()[:1024]) is not None

    @property
    def stamp(self) -> str | None:
        """The source's own date in its head, as it stands there (`2026-11-22 04:00`), where one is recognised."""
        match = _STAMP.search(self._head)
        return match[1].decode() if match else None

    def clean(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the body without byte order marks, NULs and, unless told, CRs."""
        held = b""
        for chunk in self._decoded(chunks):
            self.bytes += len(chunk)
            if b"\0" in chunk:
                self.nuls += chunk.count(b"\0")
                chunk = chunk.replace(b"\0", b"")  # noqa: PLW2901 - the same, cleaned
            piece = held + chunk
            held = b""
            if not self._keep_line_ends and b"\r" in piece:
                if piece.endswith(b"\r"):  # the LF may be in the next piece
                    piece, held = piece[:-1], b"\r"
                piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            self._look(piece)
            yield piece
        if held:
            yield b"\n"

    def _decoded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        chunks = iter(chunks)
        first = b""
        for chunk in chunks:
            first += chunk
            if len(first) >= 4:
                break
        if first.startswith(codecs.BOM_UTF8):
            yield first[3:]
        elif first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
            yield decoder.decode(first).encode("utf-8", "replace")
            for chunk in chunks:
                yield decoder.decode(chunk).encode("utf-8", "replace")
        else:
            yield first
        yield from chunks

    def _look(self, piece: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += piece[: _HEAD - len(self._head)]
        if not self.canary:
            self._tail += piece
            self.canary = self._wanted in self._tail
            self._tail = b"" if self.canary else self._tail[-len(self._wanted) :]


def split_lines(chunks: Iterable[bytes], longest: int, separator: bytes = b"") -> Iterator[Unit]:
    """Yield the lines in runs; a line over `longest` bytes is left out as overlong, without being held.

    `separator` is a byte that ends a line too (StopForumSpam's one line of addresses between commas).
    """
    rest, number, skipping = b"", 1, False
    for chunk in chunks:
        piece = rest + (chunk.replace(separator, b"\n") if separator else chunk)
        cut = piece.rfind(b"\n")
        if cut < 0:
            skipping = skipping or len(piece) > longest
            rest = b"" if skipping else piece
            continue
        units = piece[:cut].split(b"\n")
        rest = piece[cut + 1 :]
        overlong = []
        if max(map(len, units)) > longest:
            overlong = [place for place, unit in enumerate(units) if len(unit) > longest]
        if skipping:
            overlong.insert(0, 0)
            skipping = False
        yield _without(Unit(number, units), overlong)
        number += len(units)
        if len(rest) > longest:
            rest, skipping = b"", True
    if rest or skipping:
        yield _without(Unit(number, [rest]), [0] if skipping else [])


def _without(run: Unit, overlong: list[int]) -> Unit:
    places = tuple(dict.fromkeys(overlong))
    for place in places:
        run.units[place] = b""
    return run._replace(overlong=places)
