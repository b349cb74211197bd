"""Rows as PostgreSQL's binary COPY wants them, made before the transaction begins, some hundred at a time.

A statement with arrays of 20,000 values holds the event loop for a tenth of a second; bytes that lie ready do not.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import trio

from tipd.store.frames import copy_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tipd.store.connection import Connection

AT_ONCE = 500  # rows between two checkpoints: about 2 ms
NULL = b"\xff\xff\xff\xff"
_EPOCH = 946_684_800  # 2000-01-01, from which PostgreSQL counts, in seconds since 1970
_LEAST, _MOST = -62_135_596_800.0, 253_402_300_799.0  # years 1 to 9999: what Python's datetime can hold
_short = struct.Struct("!ih").pack
_int = struct.Struct("!ii").pack
_long = struct.Struct("!iq").pack
_length = struct.Struct("!i").pack
_fields = struct.Struct("!h").pack
_INET = {4: b"\0\0\0\x08\x02\x20\0\x04", 16: b"\0\0\0\x14\x03\x80\0\x10"}


def int2(number: int) -> bytes:
    """Return a smallint."""
    return _short(2, number)


def int4(number: int) -> bytes:
    """Return an integer."""
    return _int(4, number)


def int8(number: int) -> bytes:
    """Return a bigint."""
    return _long(8, number)


def boolean(truth: bool) -> bytes:
    """Return a boolean."""
    return b"\0\0\0\x01\x01" if truth else b"\0\0\0\x01\0"


def micros(seconds: float) -> int:
    """Return seconds since 1970 as PostgreSQL counts; what no calendar holds becomes the nearest that it does."""
    if not _LEAST <= seconds <= _MOST:
        seconds = _LEAST if seconds < _LEAST else _MOST
    return round((seconds - _EPOCH) * 1_000_000)


def moment(seconds: float) -> bytes:
    """Return a timestamptz of seconds since 1970."""
    return _long(8, micros(seconds))


def moment_or_none(seconds: float) -> bytes:
    """Return a timestamptz; NULL for 0, which stands for never."""
    return moment(seconds) if seconds else NULL


def octets(raw: bytes) -> bytes:
    """Return a bytea."""
    return _length(len(raw)) + raw


def text(words: str) -> bytes:
    """Return a text; the caller has seen to it that PostgreSQL can hold it (`store.text.storable`)."""
    return octets(words.encode())


def json(raw: bytes) -> bytes:
    """Return a jsonb of JSON text."""
    return _length(len(raw) + 1) + b"\x01" + raw


def inet(packed: bytes) -> bytes:
    """Return an inet of an address in four or sixteen bytes. Raises ValueError for others."""
    head = _INET.get(len(packed))
    if head is None:
        raise ValueError(f"an address has 4 or 16 bytes, not {len(packed)}")
    return head + packed


def longs(numbers: Sequence[int]) -> bytes:
    """Return a bigint[]."""
    if not numbers:
        return b"\0\0\0\x0c" + struct.pack("!iii", 0, 0, 20)
    body = struct.pack("!iiiii", 1, 0, 20, len(numbers), 1) + b"".join(map(int8, numbers))
    return _length(len(body)) + body


def row(*fields: bytes) -> bytes:
    """Return one tuple."""
    return _fields(len(fields)) + b"".join(fields)


async def packed[T](rows: Iterable[T], pack: Callable[[T], bytes]) -> bytes:
    """Return all tuples in one piece, giving way to others every few milliseconds (trio-flavoured)."""
    parts: list[bytes] = []
    for number, each in enumerate(rows, start=1):
        parts.append(pack(each))
        if number % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
    return b"".join(parts)


async def copy_in(connection: Connection, table: str, columns: Sequence[str], tuples: bytes) -> None:
    """COPY the tuples into a table of this session (asyncio-flavoured), and let the planner know how many they are."""
    await connection.copy_to_table(table, source=copy_stream(tuples), columns=columns, format="binary")
    await connection.execute(f"ANALYZE {table}")
