"""Columns of a page, counted."""

import struct

import numpy as np
import pytest

from tipd.net.asn import AsnTable
from tipd.store.trends.page import DELISTED, LAYOUTS, LISTED, Piece, count

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def _numbers(*values):
    return b"".join(struct.pack(">ii", 4, value) for value in values)


def _plain(source, kind, day, what, tlp=0, hashed=7):
    return struct.pack(">h", 6) + _numbers(source, kind, day, what, tlp) + struct.pack(">iq", 8, hashed)


def _quad(address, *values, hashed=7):
    inet = struct.pack(">hi4BI", 7, 8, 2, 32, 0, 4, address)
    return inet + _numbers(*values) + struct.pack(">iq", 8, hashed)


def _pieces(plain=b"", inet4=b"", inet6=b""):
    pieces = {name: Piece(layout) for name, layout in LAYOUTS.items()}
    for name, raw in (("plain", plain), ("inet4", inet4), ("inet6", inet6)):
        for part in (_HEAD[:5], _HEAD[5:] + raw[:3], raw[3:] + b"\xff\xff"):
            pieces[name].take(part)
    return pieces


class _Asns:
    def many4(self, addresses):
        return (addresses % 2 + 64500).astype(np.uint32)

    def many6(self, addresses):
        return np.zeros(len(addresses), np.uint32)


def test_equal_rows_are_counted_together():
    rows = _plain(1, 4, 20000, LISTED) * 3 + _plain(1, 4, 20000, DELISTED) + _plain(2, 4, 20000, LISTED)
    counts = count(_pieces(plain=rows), AsnTable.empty())
    told = sorted(
        zip(counts.columns["source"].tolist(), counts.columns["what"].tolist(), counts.numbers.tolist(), strict=True)
    )
    assert told == [(1, LISTED, 3), (1, DELISTED, 1), (2, LISTED, 1)]
    assert set(counts.columns["class"].tolist()) == {7}


def test_addresses_are_counted_by_their_system():
    rows = b"".join(_quad(number, 1, 1, 20000, LISTED, 0) for number in (2, 4, 6, 7))
    counts = count(_pieces(inet4=rows), _Asns())
    assert dict(zip(counts.columns["asn"].tolist(), counts.numbers.tolist(), strict=True)) == {64500: 3, 64501: 1}


def test_nothing_is_counted_as_nothing():
    assert len(count(_pieces(), AsnTable.empty()).numbers) == 0
    assert len(count({}, AsnTable.empty()).numbers) == 0


def test_rows_of_another_width_are_no_answer():
    with pytest.raises(ValueError, match="another width"):
        count(_pieces(plain=b"x"), AsnTable.empty())
