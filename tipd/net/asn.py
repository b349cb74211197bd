"""Which autonomous system announces an address: sorted arrays over a mapped file, with a first-level index.

The table is built from somebody's file by a worker (`tipd.net.asn_build`), and mapped here; tipd ships no data. The
announcements are flattened: `starts` are the borders, each valid up to the next; 0 is "not known", which is no AS.

Layout, little endian: 4,096 bytes of head (`tipdasn1`, u32 length, JSON), then `starts4` (u32), `asns4` (u32),
`starts6` (16 bytes each, as in the packet), `asns6` (u32), `named` (u32, sorted), `ends` (u32: where each name ends),
`names`.
"""

from __future__ import annotations

import mmap
import socket
import struct
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"tipdasn1"
HEAD = 4096
UNKNOWN = 0


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The file a table was built from: its path, bytes, time of change (ns) and inode."""

    path: str
    size: int
    changed: int
    inode: int


class AsnHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a table says of itself; `refused` rows could not be read."""

    origin: Origin
    form: str
    rows: int
    refused: int
    borders4: int = 0
    borders6: int = 0
    names: int = 0
    name_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return HEAD + 8 * self.borders4 + 20 * self.borders6 + 8 * self.names + self.name_bytes


def packed_head(head: AsnHead) -> bytes:
    """Return the first `HEAD` bytes of a table; raises ValueError where the path is too long to fit."""
    body = msgspec.json.encode(head)
    if len(body) > HEAD - len(MAGIC) - 4:
        raise ValueError("the path of the file is too long")
    return (MAGIC + len(body).to_bytes(4, "little") + body).ljust(HEAD, b"\0")


class AsnTable:
    """An immutable table; look-ups of one address take about a microsecond, of many some 50 ns each."""

    def __init__(self, head: AsnHead | None, arrays: dict[str, NDArray[Any]], names: bytes = b"") -> None:
        """Use `empty` or `open`."""
        self.head = head
        self._starts4, self._asns4 = arrays["starts4"], arrays["asns4"]
        self._starts6, self._asns6 = arrays["starts6"], arrays["asns6"]
        self._named, self._ends, self._names = arrays["named"], arrays["ends"], names
        tops = np.arange(65537, dtype=np.uint64) << np.uint64(16)
        self._first = np.searchsorted(self._starts4, tops, "left").tolist()
        # Both are quicker one by one than an array of numpy's.
        self._view4, self._announcer4 = memoryview(self._starts4), memoryview(self._asns4)

    @classmethod
    def empty(cls) -> AsnTable:
        """Return a table that knows nothing."""
        none = np.zeros(0, np.uint32)
        nothing = {"starts6": np.zeros(0, "S16")}
        return cls(None, dict.fromkeys(("starts4", "asns4", "asns6", "named", "ends"), none) | nothing)

    @classmethod
    def open(cls, path: Path) -> AsnTable:
        """Map a built table; raises OSError, or ValueError where it is damaged."""
        with path.open("rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if whole[:8] != MAGIC or len(whole) < HEAD:
            raise ValueError(f"{path}: is no AS table")
        try:
            head = msgspec.json.decode(whole[12 : 12 + int.from_bytes(whole[8:12], "little")], type=AsnHead)
        except msgspec.MsgspecError as error:
            raise ValueError(f"{path}: {error}") from None
        if head.size != len(whole):
            raise ValueError(f"{path}: has {len(whole)} bytes, not {head.size}")
        arrays, at = {}, HEAD
        for name, kind, count in _sections(head):
            arrays[name] = np.frombuffer(whole, kind, count, at)
            at += arrays[name].nbytes
        return cls(head, arrays, whole[at:])

    def __len__(self) -> int:
        """Return how many borders there are."""
        return len(self._starts4) + len(self._starts6)

    def of(self, text: str) -> int | None:
        """Return the AS number that announces an address or the first address of a network; None: not known."""
        address = text.partition("/")[0]
        try:
            if ":" in address:
                return int(self.many6(np.array([socket.inet_pton(socket.AF_INET6, address)], "S16"))[0]) or None
            return self._of4(int.from_bytes(socket.inet_pton(socket.AF_INET, address))) or None
        except OSError:
            return None

    def _of4(self, number: int) -> int:
        top = number >> 16
        at = bisect_right(self._view4, number, self._first[top], self._first[top + 1])
        return self._announcer4[at - 1] if at else UNKNOWN

    def of_packed(self, addresses: bytes) -> tuple[int, ...]:
        """Return the AS number of each IPv4 address of a joined set (four bytes each), 0 where it is not known."""
        of = self._of4
        return tuple([of(number) for number in struct.unpack(f">{len(addresses) // 4}I", addresses)])

    def many4(self, addresses: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the AS number of each IPv4 address, 0 where it is not known."""
        return _many(self._starts4, self._asns4, addresses)

    def many6(self, addresses: NDArray[np.bytes_]) -> NDArray[np.uint32]:
        """Return the AS number of each IPv6 address (16 bytes, dtype S16), 0 where it is not known."""
        return _many(self._starts6, self._asns6, addresses)

    def name(self, asn: int) -> str:
        """Return what the file calls an AS; empty where it does not say."""
        at = int(np.searchsorted(self._named, asn))
        if at >= len(self._named) or self._named[at] != asn:
            return ""
        return self._names[int(self._ends[at - 1]) if at else 0 : int(self._ends[at])].decode("utf-8", "replace")


def _sections(head: AsnHead) -> tuple[tuple[str, str, int], ...]:
    return (
        ("starts4", "<u4", head.borders4),
        ("asns4", "<u4", head.borders4),
        ("starts6", "S16", head.borders6),
        ("asns6", "<u4", head.borders6),
        ("named", "<u4", head.names),
        ("ends", "<u4", head.names),
    )


def _many(starts: NDArray[Any], asns: NDArray[Any], addresses: NDArray[Any]) -> NDArray[np.uint32]:
    if not len(starts):
        return np.zeros(len(addresses), np.uint32)
    at = np.searchsorted(starts, addresses, "right")
    found: NDArray[np.uint32] = asns[np.maximum(at, 1) - 1].astype(np.uint32)
    found[at == 0] = UNKNOWN
    return found
