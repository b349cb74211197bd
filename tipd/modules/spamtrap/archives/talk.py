"""What the process that reads an archive and the daemon say to each other, over two FIFOs in a folder of their own.

Frames as elsewhere: a length (u32, little endian) and that many bytes of MessagePack. The reader asks which mails are
known before it parses any, and hands over batches; the daemon answers. Both wait for each other, so that neither runs
ahead: what is read is stored before much more is read.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import msgspec

from tipd.model.spam import SpamBatch

if TYPE_CHECKING:
    from pathlib import Path

UP, DOWN, PLACE = "up", "down", "place"  # names in the folder; the last is a file that both map
PLACES = struct.Struct("<QQ")  # which mail is being parsed, from 1; pieces read so far
MOST_FRAME = 64 * 2**20
_LENGTH = struct.Struct("<I")


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the reader says: a question (`asks`: SHA-256 of mails), a batch, or its last word; and how far it is."""

    asks: tuple[bytes, ...] = ()
    batch: SpamBatch | None = None
    mails: int = 0
    size: int = 0
    end: bool = False
    at: str = ""  # the member that was read last


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon answers: a byte of 1 for each mail that is known; nothing for a batch."""

    known: bytes = b""


_said = msgspec.msgpack.Decoder(Said)
_answer = msgspec.msgpack.Decoder(Answer)


def frame(message: Said | Answer) -> bytes:
    """Return a message as it goes over a FIFO."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


class Ears:
    """Turns pieces of bytes into messages; raises ValueError for what cannot be one."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self._held = bytearray()

    def hear(self, piece: bytes) -> list[Said]:
        """Return the messages that a piece completes."""
        self._held += piece
        found: list[Said] = []
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            if length > MOST_FRAME:
                raise ValueError(f"a message of {length} bytes")
            end = _LENGTH.size + length
            if len(self._held) < end:
                break
            found.append(_said.decode(memoryview(self._held)[_LENGTH.size : end]))
            del self._held[:end]
        return found


class Mouth:
    """The reader's side: blocks until the daemon has taken what is said."""

    def __init__(self, folder: Path) -> None:
        """Open what the daemon made; raises OSError."""
        self._up = os.open(folder / UP, os.O_WRONLY | os.O_CLOEXEC)
        self._down = os.open(folder / DOWN, os.O_RDONLY | os.O_CLOEXEC)

    def say(self, said: Said) -> None:
        """Say something that needs no answer."""
        view = memoryview(frame(said))
        while view:
            view = view[os.write(self._up, view) :]

    def ask(self, said: Said) -> Answer:
        """Ask, and wait for the answer; raises OSError where the daemon is gone."""
        self.say(said)
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return _answer.decode(self._read(length))

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            piece = os.read(self._down, size - len(found))
            if not piece:
                raise BrokenPipeError("nobody answers")
            found += piece
        return bytes(found)

    def close(self) -> None:
        """Say nothing more."""
        os.close(self._up)
        os.close(self._down)
