"""Files that say who announces what: rows of (first address, last address, AS number, name).

Read are: iptoasn's TSV (`first last asn country name`), CSV of ranges (`first,last,asn[,name]`, also with addresses as
numbers) or prefixes (`prefix,asn[,name]`), CAIDA's RouteViews pfx2as (`address length asn`), pyasn's `.dat`
(`prefix asn`, `;` comments), each also gzipped, and MMDB. Where several systems announce a prefix (`701_702`, `1,2`,
`{1,2}`) the first is taken.
"""

from __future__ import annotations

import csv
import gzip
import re
import socket
import struct
import zlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_TEXT = 2**30  # bytes, unpacked: twenty times what there is to announce, and no bomb
_LONGEST = 4096  # bytes of a line
_UNREADABLE = (ValueError, IndexError, OSError, csv.Error)  # of a line, by whichever form
# What the reader of MMDB stumbles over where bytes were exchanged; it only calls some of that invalid.
_DAMAGED = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, struct.error)
_MMDB = b"\xab\xcd\xefMaxMind.com"
_NAME_KEYS = ("autonomous_system_organization", "as_name", "name")  # MaxMind's and DB-IP's, IPinfo's
_FIRST_AS = re.compile(r"\{?(?:AS)?(\d{1,10})(?:[_,][\d_,]*)?\}?\Z", re.ASCII | re.IGNORECASE)
_LAST4 = 2**32 - 1
_LAST6 = 2**128 - 1


class AsnRow(NamedTuple):
    """One announcement; `version` is 4 or 6, addresses are numbers, `asn` 0 where nobody announces it."""

    version: int
    first: int
    last: int
    asn: int
    name: str = ""


class AsnFileError(ValueError):
    """The file is none that is read, or too much of it cannot be."""


def is_mmdb(path: Path) -> bool:
    """Say whether the file is an MMDB: its mark stands in the last 128 KiB (MaxMind DB format 2.0)."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - 131072))
        return _MMDB in file.read()


def text_rows(path: Path) -> tuple[str, Iterator[tuple[int, AsnRow | None]]]:
    """Return the file's form, and its rows: (line, row), None for a row that cannot be read.

    Raises AsnFileError where no form fits, OSError.
    """
    form = _form(list(islice(_lines(path), 200)), path)
    read = _FORMS[form]

    def rows() -> Iterator[tuple[int, AsnRow | None]]:
        for number, line in _lines(path):
            try:
                yield number, read(line)
            except _UNREADABLE:
                if number > 1:  # the first line may be a header
                    yield number, None

    return form, rows()


def mmdb_rows(path: Path) -> Iterator[AsnRow]:
    """Yield the announcements in an MMDB; raises AsnFileError where it is damaged, OSError."""
    import maxminddb

    try:
        with maxminddb.open_database(path, maxminddb.MODE_MMAP) as database:
            for network, record in database:
                row = _of_record(network, record)
                if row is not None:
                    yield row
    except _DAMAGED as error:
        raise AsnFileError(f"{path}: {error}") from None
    except maxminddb.InvalidDatabaseError as error:
        raise AsnFileError(f"{path}: {error}") from None


def _of_record(network: object, record: object) -> AsnRow | None:
    if not isinstance(record, dict):
        return None
    said = record.get("autonomous_system_number", record.get("asn"))
    name = next((record[key] for key in _NAME_KEYS if key in record), "")
    try:
        asn = _asn(str(said))
    except ValueError:
        return None
    first, last = int(network.network_address), int(network.broadcast_address)  # type: ignore[attr-defined]
    version = 4 if network.version == 4 or last <= _LAST4 else 6  # type: ignore[attr-defined] # ::/96 is IPv4 there
    return AsnRow(version, first, last, asn, str(name or ""))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number, line) of lines that are no comments."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            left = MOST_TEXT
            for number, raw in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
                left -= len(raw)
                if left < 0:
                    raise AsnFileError(f"{path}: is larger than {MOST_TEXT} bytes, unpacked")
                line = raw.decode("utf-8", "replace").strip()
                if line and line[0] not in "#;":
                    yield number, line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise AsnFileError(f"{path}: {error}") from None


def _form(lines: list[tuple[int, str]], path: Path) -> str:
    for name, read in _FORMS.items():
        good = 0
        for _, line in lines:
            try:
                read(line)
                good += 1
            except _UNREADABLE:
                pass
        if good and good >= 0.9 * (len(lines) - 1):
            return name
    raise AsnFileError(f"{path}: is none of {', '.join(_FORMS)}, mmdb")


def _asn(text: str) -> int:
    found = _FIRST_AS.match(text.strip())
    if found is None or int(found[1]) >= 2**32:
        raise ValueError(f"{text!r} is no AS number")
    return int(found[1])


def _address(text: str) -> tuple[int, int]:
    """Return (version, number) of an address; raises OSError."""
    if ":" in text:
        return 6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text))
    return 4, int.from_bytes(socket.inet_pton(socket.AF_INET, text))


def _range(first: str, last: str, asn: str, name: str) -> AsnRow:
    version, low = _address(first)
    other, high = _address(last)
    if other != version or high < low:
        raise ValueError("the range ends before it begins")
    return AsnRow(version, low, high, _asn(asn), name)


def _prefix(address: str, length: str, asn: str, name: str = "") -> AsnRow:
    version, low = _address(address)
    bits = (32 if version == 4 else 128) - int(length)
    if bits < 0 or not length.isdigit():
        raise ValueError("the prefix is too long")
    low = low >> bits << bits
    return AsnRow(version, low, low | (1 << bits) - 1, _asn(asn), name)


def _iptoasn(line: str) -> AsnRow:
    first, last, asn, _country, *name = line.split("\t")
    return _range(first, last, asn, name[0] if name and asn != "0" else "")


def _pfx2as(line: str) -> AsnRow:
    address, length, asn = line.split("\t")
    return _prefix(address, length, asn)


def _pyasn(line: str) -> AsnRow:
    prefix, asn = line.split()
    address, slash, length = prefix.partition("/")
    if not slash:
        raise ValueError("no prefix")
    return _prefix(address, length, asn)


def _csv(line: str) -> AsnRow:
    columns = [column.strip() for column in next(csv.reader((line,), skipinitialspace=True))]
    if "/" in columns[0]:
        address, _, length = columns[0].partition("/")
        return _prefix(address, length, columns[1], columns[2] if len(columns) > 2 else "")
    name = columns[3] if len(columns) > 3 else ""
    if columns[0].isdigit() and columns[1].isdigit():
        first, last = int(columns[0]), int(columns[1])
        if not first <= last <= _LAST6:
            raise ValueError("the range ends before it begins")
        return AsnRow(4 if last <= _LAST4 else 6, first, last, _asn(columns[2]), name)
    return _range(columns[0], columns[1], columns[2], name)


_FORMS: dict[str, Callable[[str], AsnRow]] = {"iptoasn": _iptoasn, "pfx2as": _pfx2as, "pyasn": _pyasn, "csv": _csv}
