"""One page of the log as columns: binary COPY of fixed width, so that a page is counted without a value per finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from tipd.model.finding import INDICATOR_DELISTED, INDICATOR_LISTED
from tipd.model.kind import CODE_OF, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER = 19  # of a binary COPY: signature, flags, length of an extension that nobody uses
_TRAILER = b"\xff\xff"
_ADDRESSED = ", ".join(str(CODE_OF[kind]) for kind in (Kind.IPV4, Kind.IPV6, Kind.NETWORK))
LISTED, DELISTED, LOADED = range(3)

# A class of the row's own, the first where there are several; empty where its source's holds.
ROW_CLASS = """CASE jsonb_typeof(data -> 'class') WHEN 'string' THEN data ->> 'class'
       WHEN 'array' THEN coalesce(data -> 'class' ->> 0, '') ELSE '' END"""
_COLUMNS = f"""source_id, subject_kind::int4, ((at AT TIME ZONE 'UTC')::date - date '1970-01-01')::int4,
       CASE WHEN kind = '{INDICATOR_DELISTED}' THEN {DELISTED} WHEN initial THEN {LOADED} ELSE {LISTED} END,
       coalesce(tlp, 0)::int4, hashtextextended({ROW_CLASS}, 0)"""
_IS_ADDRESS = f"subject_kind IN ({_ADDRESSED}) AND subject_value <> ''"
_WHICH = {
    "inet4": f"CASE WHEN {_IS_ADDRESS} THEN family(subject_value::inet) = 4 END",
    "inet6": f"CASE WHEN {_IS_ADDRESS} THEN family(subject_value::inet) = 6 END",
    "plain": f"NOT ({_IS_ADDRESS})",
}
_NUMBERS = ("source", "kind", "day", "what", "tlp")


def counted(since: int, until: int) -> str:
    """Return the condition of findings that are counted, with since < seq <= until."""
    return (
        f"seq > {since:d} AND seq <= {until:d} AND kind IN ('{INDICATOR_LISTED}', '{INDICATOR_DELISTED}') "
        "AND source_id IS NOT NULL AND subject_kind IS NOT NULL"
    )


def queries(since: int, until: int) -> dict[str, str]:
    """Return the statements that read a page, by layout."""
    return {
        name: f"SELECT {'' if name == 'plain' else 'subject_value::inet, '}{_COLUMNS} FROM finding "  # noqa: S608
        f"WHERE {counted(since, until)} AND {which}"
        for name, which in _WHICH.items()
    }


def _layout(*value: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the layout of a row: each field after its length (PostgreSQL manual, COPY)."""
    fields: list[tuple[Any, ...]] = [("fields", ">i2"), *value]
    for name in _NUMBERS:
        fields += [(f"size_{name}", ">i4"), (name, ">i4")]
    return np.dtype([*fields, ("size_class", ">i4"), ("class", ">i8")])


# inet as it is sent: family, prefix length, "is cidr", bytes of the address, the address.
_INET = (("size", ">i4"), ("family", "u1"), ("length", "u1"), ("cidr", "u1"), ("bytes", "u1"))
LAYOUTS = {
    "inet4": _layout(*_INET, ("value", ">u4")),
    "inet6": _layout(*_INET, ("value", "S16")),
    "plain": _layout(),
}


class Asns(Protocol):
    """Which AS announces addresses (`tipd.net.asn.AsnTable`)."""

    def many4(self, addresses: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the AS number of each IPv4 address, 0 where it is not known."""
        ...

    def many6(self, addresses: NDArray[np.bytes_]) -> NDArray[np.uint32]:
        """Return the AS number of each IPv6 address, 0 where it is not known."""
        ...


class Counts(NamedTuple):
    """Distinct combinations, ascending, and how many findings each has: columns of one length."""

    columns: dict[str, NDArray[np.int64]]  # source kind day what tlp class asn
    numbers: NDArray[np.int64]


@dataclass(slots=True)
class Piece:
    """Takes the pieces of one COPY, which end anywhere."""

    layout: np.dtype[Any]
    raw: bytearray = field(default_factory=bytearray)

    def take(self, piece: bytes) -> None:
        """Take a piece."""
        self.raw += piece

    def rows(self) -> NDArray[Any]:
        """Return the rows; raises ValueError where the database sent others than were asked for."""
        body = bytes(self.raw[_HEADER:-2])
        if self.raw[-2:] != _TRAILER or len(body) % self.layout.itemsize:
            raise ValueError("the database sent rows of another width than was asked for")
        return np.frombuffer(body, self.layout)


def count(pieces: dict[str, Piece], asns: Asns) -> Counts:
    """Return how many findings there are of each combination; meant for a thread."""
    names = (*_NUMBERS, "class", "asn")
    if not pieces:
        return Counts({name: np.zeros(0, np.int64) for name in names}, np.zeros(0, np.int64))
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for layout, piece in pieces.items():
        rows = piece.rows()
        for name in names[:-1]:
            parts[name].append(rows[name].astype(np.int64))
        parts["asn"].append(_asns(layout, rows, asns).astype(np.int64))
    columns = {name: np.concatenate(part) for name, part in parts.items()}
    if not len(columns["day"]):
        return Counts(columns, np.zeros(0, np.int64))
    order = np.lexsort(tuple(columns.values()))
    columns = {name: column[order] for name, column in columns.items()}
    first = np.ones(len(order), np.bool_)
    first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns.values()])
    starts = np.flatnonzero(first)
    numbers = np.diff(np.append(starts, len(order)))
    return Counts({name: column[starts] for name, column in columns.items()}, numbers)


def _asns(layout: str, rows: NDArray[Any], asns: Asns) -> NDArray[np.uint32]:
    if layout == "plain":
        return np.zeros(len(rows), np.uint32)
    if layout == "inet4":
        return asns.many4(rows["value"].astype(np.uint32))
    return asns.many6(rows["value"])
