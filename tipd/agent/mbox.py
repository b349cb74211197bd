"""Mbox files: what was put at their end since the last look, message by message, and nothing that is still written.

A message begins with a line `From ` after an empty one (RFC 4155; as mboxrd and mboxo write it). Its bytes are told as
they lie, `>From ` included, without the line `From `. The file is locked for reading as mail programs do it (fcntl),
and one that somebody writes to just now is left for the next look. A file that was rewritten is read again from its
beginning: the ledger knows the mails by their hashes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from tipd.agent import maildir
from tipd.agent.ledger import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 20
_TAIL = 256  # bytes before the place, by which the file is known again
_BEGIN = b"From "
_BETWEEN = re.compile(rb"\n\r?\nFrom ")
_LONGEST_LINE = 4096
_SETTLED = 10.0  # seconds without a change after which the last message counts as whole


class Message(NamedTuple):
    """Where one message stands."""

    place: int
    length: int


class Found(NamedTuple):
    """The messages since the last look, and how far the file was read."""

    messages: list[Message]
    position: Position


def look(path: bytes, before: Position | None, now: float, most: int) -> Found | None:
    """Return what is new, at most `most` messages; None where nothing is, or somebody writes.

    `now`: seconds since 1970. Raises OSError, RefusedMail (also for a file that is no mbox).
    """
    descriptor = maildir.open_mail(None, path)
    try:
        told = os.fstat(descriptor)
        if before is not None and (before.inode, before.place) == (told.st_ino, told.st_size):
            return None
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:  # somebody writes
            return None
        same = before is not None and _is_same(descriptor, told, before)
        place = before.place if before is not None and same else 0
        if told.st_size > place and os.pread(descriptor, len(_BEGIN), place) != _BEGIN[: told.st_size - place]:
            raise maildir.RefusedMail("no mbox: it does not begin with a line From")
        messages, end = _messages(descriptor, place, told.st_size, most, whole=now - told.st_mtime >= _SETTLED)
        if same and end == place:
            return None
        return Found(messages, Position(inode=told.st_ino, place=end, tail=_tail(descriptor, end)))
    finally:
        os.close(descriptor)


def is_still(path: bytes, position: Position) -> bool:
    """Say whether a file is the one that was looked at, and nobody is writing: what was read of it since is right."""
    try:
        descriptor = maildir.open_mail(None, path)
    except (OSError, maildir.RefusedMail):
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return _is_same(descriptor, os.fstat(descriptor), position)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_same(descriptor: int, told: os.stat_result, before: Position) -> bool:
    """Say whether the file is the one that was read, with more at its end."""
    known = told.st_ino == before.inode and told.st_size >= before.place
    return known and _tail(descriptor, before.place) == before.tail


def _tail(descriptor: int, place: int) -> bytes:
    begun = max(0, place - _TAIL)
    return hashlib.sha256(os.pread(descriptor, place - begun, begun)).digest()[:16]


def _messages(descriptor: int, place: int, size: int, most: int, *, whole: bool) -> tuple[list[Message], int]:
    """Return the messages from a place on, and where the next one begins; the last one only if it is whole."""
    found: list[Message] = []
    line = place
    for start in _starts(descriptor, place, size):
        found.append(_message(descriptor, line, start))
        line = start
        if len(found) >= most:
            return found, line
    if whole and line < size:
        found.append(_message(descriptor, line, size))
        line = size
    return found, line


def _message(descriptor: int, line: int, end: int) -> Message:
    """Return the message that begins with the line `From ` at a place, without it and the empty line at its end."""
    head = os.pread(descriptor, min(_LONGEST_LINE, end - line), line)
    begun = line + (head.find(b"\n") + 1 or len(head))
    last = os.pread(descriptor, 4, max(begun, end - 4)) if end > begun else b""
    empty = 2 if last.endswith(b"\n\r\n") else 1 if last.endswith(b"\n\n") else 0
    return Message(begun, max(0, end - empty - begun))


def _starts(descriptor: int, place: int, size: int) -> Iterator[int]:
    """Yield where lines `From ` after an empty line stand, behind the one at `place`."""
    at, overlap = place, 16
    last = place
    while at < size:
        piece = os.pread(descriptor, _PIECE, at)
        if not piece:
            return
        for match in _BETWEEN.finditer(piece):
            start = at + match.end() - len(_BEGIN)
            if start > last:
                last = start
                yield start
        at += len(piece) if at + len(piece) >= size or len(piece) <= overlap else len(piece) - overlap
