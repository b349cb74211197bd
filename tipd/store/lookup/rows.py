"""Read the rows the index needs out of the database: binary COPY of fixed width, straight into arrays.

Three statements, each with rows of one width: addresses and networks of IPv4, networks of IPv6, and the key of all
else. The same columns come from the open sightings (the load) and from the findings (what changed since).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tipd.model.finding import INDICATOR_DELISTED, INDICATOR_LISTED, INDICATOR_MARKED
from tipd.model.kind import CODE_OF, Kind
from tipd.store.lookup.contents import Batch, Rows
from tipd.store.lookup.sets import MARK_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

_HEADER = 19  # of a binary COPY: signature, flags, length of an extension that nobody uses
_TRAILER = b"\xff\xff"
_IPV4, _NETWORK = CODE_OF[Kind.IPV4], CODE_OF[Kind.NETWORK]


def _row(*value: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the layout of a row (value, voice, listed): each field after its length (PostgreSQL manual, COPY)."""
    fields: list[tuple[Any, ...]] = [("fields", ">i2"), ("size", ">i4"), *value]
    fields += [("size_voice", ">i4"), ("voice", ">i4"), ("size_listed", ">i4"), ("listed", "u1")]
    return np.dtype(fields)


# inet as it is sent: family, prefix length, "is cidr", bytes of the address, the address.
_INET = (("family", "u1"), ("length", "u1"), ("cidr", "u1"), ("bytes", "u1"))
INET4 = _row(*_INET, ("value", ">u4"))
INET6 = _row(*_INET, ("value", "u1", (16,)))
HASHED = _row(("value", ">u8"))

_WHICH = {
    "inet4": f"CASE WHEN {{kind}} = {_IPV4} THEN {{value}} <> '' WHEN {{kind}} = {_NETWORK} AND {{value}} <> '' "
    "THEN family({value}::inet) = 4 END",
    "inet6": f"CASE WHEN {{kind}} = {_NETWORK} AND {{value}} <> '' THEN family({{value}}::inet) = 6 END",
    "hashed": f"{{kind}} NOT IN ({_IPV4}, {_NETWORK})",
}
_CHANGES = (INDICATOR_LISTED, INDICATOR_DELISTED, INDICATOR_MARKED)
_VOICE = f"(source_id << {MARK_BITS}) + coalesce(tlp, 0)"  # as `tipd.store.lookup.sets` says
_LAYOUT = {"inet4": INET4, "inet6": INET6, "hashed": HASHED}


def load_queries() -> dict[str, str]:
    """Return the statements that read all open sightings, by structure."""
    return {
        name: f"SELECT {_value(name, 'value')}, {_VOICE}, true FROM sighting WHERE closed IS NULL AND "  # noqa: S608
        + which.format(kind="kind", value="value")
        for name, which in _WHICH.items()
    }


def change_queries(since: int, until: int) -> dict[str, str]:
    """Return the statements that read what findings with since < seq <= until changed, by structure."""
    return {
        name: f"SELECT {_value(name, 'subject_value')}, {_VOICE}, kind <> '{INDICATOR_DELISTED}' FROM finding "  # noqa: S608
        f"WHERE seq > {since:d} AND seq <= {until:d} AND kind IN {_CHANGES} "
        f"AND source_id IS NOT NULL AND key IS NOT NULL AND "
        + which.format(kind="subject_kind", value="subject_value")
        + " ORDER BY seq"
        for name, which in _WHICH.items()
    }


def _value(name: str, column: str) -> str:
    return "key" if name == "hashed" else f"{column}::inet"


@dataclass(slots=True)
class RowReader:
    """Takes the pieces of one COPY, which end anywhere; `parts` are its rows as arrays."""

    layout: np.dtype[Any]
    parts: list[tuple[NDArray[Any], ...]] = field(default_factory=list)
    _rest: bytearray = field(default_factory=bytearray)
    _begun: bool = False

    def take(self, piece: bytes) -> None:
        """Take a piece."""
        self._rest += piece
        if not self._begun and len(self._rest) >= _HEADER:
            del self._rest[:_HEADER]
            self._begun = True
        whole = len(self._rest) // self.layout.itemsize if self._begun else 0
        if whole:
            self._read(np.frombuffer(bytes(self._rest[: whole * self.layout.itemsize]), self.layout))
            del self._rest[: whole * self.layout.itemsize]

    def _read(self, rows: NDArray[Any]) -> None:
        if (rows["fields"] != 3).any() or (rows["size_listed"] != 1).any():
            raise ValueError("the database sent rows of another width than the look-up index asked for")
        value = rows["value"]
        plain = value.astype(value.dtype.newbyteorder("="))
        lengths = rows["length"].copy() if "length" in (self.layout.names or ()) else np.empty(0, np.uint8)
        self.parts.append((plain, rows["voice"].astype(np.uint32), rows["listed"] != 0, lengths))

    def rows(self) -> tuple[Rows, NDArray[np.uint8]]:
        """Return all rows and, of addresses and networks, their prefix lengths; frees what was gathered."""
        if bytes(self._rest) != _TRAILER:
            raise ValueError("the database ended its rows in the middle of one")
        parts = self.parts or [_none(self.layout)]
        self.parts = []
        values, voices, listed, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Rows(values, voices, listed), lengths


def _none(layout: np.dtype[Any]) -> tuple[NDArray[Any], ...]:
    value = np.empty(0, layout)["value"]
    empty = value.astype(value.dtype.newbyteorder("="))
    return empty, np.empty(0, np.uint32), np.empty(0, np.bool_), np.empty(0, np.uint8)


@dataclass(slots=True)
class Readers:
    """One reader for each structure."""

    readers: Mapping[str, RowReader] = field(
        default_factory=lambda: {name: RowReader(layout) for name, layout in _LAYOUT.items()}
    )

    def __iter__(self) -> Iterator[tuple[str, RowReader]]:
        return iter(self.readers.items())

    def batch(self) -> Batch:
        """Return everything that was read."""
        inet4, lengths4 = self.readers["inet4"].rows()
        inet6, lengths6 = self.readers["inet6"].rows()
        return Batch.of(inet4, lengths4, inet6, lengths6, self.readers["hashed"].rows()[0])
