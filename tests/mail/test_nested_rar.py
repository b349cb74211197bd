"""RAR headers, versions 4 and 5, written here by the book."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.nested import BadArchive
from tipd.mail.nested_rar import members


def _block4(kind, flags, body=b"", data=b""):
    return struct.pack("<HBHH", 0, kind, flags, 7 + len(body)) + body + data


def _file4(name, data, method=0x30, flags=0):
    body = struct.pack("<IIBIIBBHI", len(data), 1000, 0, 0, 0, 29, method, len(name), 0) + name
    return _block4(0x74, flags | 0x8000, body, data)


RAR4 = (
    b"Rar!\x1a\x07\x00"
    + _block4(0x73, 0, bytes(6))
    + _file4(b"a.exe", b"MZabc")
    + _file4(b"dir", b"", flags=0xE0)
    + _file4(b"packed.doc", b"???", method=0x33)
    + _file4(b"secret.doc", b"???", flags=0x04)
    + _block4(0x7B, 0)
)


def _number(value):
    found = bytearray()
    while True:
        found.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(found)


def _block5(kind, body=b"", data=b""):
    header = _number(kind) + _number(2 if data else 0) + (_number(len(data)) if data else b"") + body
    return bytes(4) + _number(len(header)) + header + data


def _file5(name, data, method=0, flags=0):
    fields = [flags, 300, 0, method << 7, 0, len(name)]
    return _block5(2, b"".join(map(_number, fields)) + name, data)


RAR5 = (
    b"Rar!\x1a\x07\x01\x00"
    + _block5(1, _number(0))
    + _file5("ü.exe".encode(), b"MZabc")
    + _file5(b"dir", b"", flags=1)
    + _file5(b"packed.doc", b"???", method=3)
    + _block5(5, _number(0))
)


def test_version_4():
    found = list(members(RAR4))
    assert [(one.name, one.size) for one in found] == [("a.exe", 1000), ("packed.doc", 1000), ("secret.doc", 1000)]
    assert [one.open and one.open(4) for one in found] == [b"MZab", None, None]


def test_version_5():
    found = list(members(RAR5))
    assert [(one.name, one.size) for one in found] == [("ü.exe", 300), ("packed.doc", 300)]
    assert [one.open and one.open(99) for one in found] == [b"MZabc", None]


@pytest.mark.parametrize(
    "content",
    [
        b"Rar!\x1a\x07\x02\x00",
        RAR4[:-7],
        RAR5[:-6],
        b"Rar!\x1a\x07\x00" + _block4(0x73, 0x80, bytes(6)),
        b"Rar!\x1a\x07\x01\x00" + _block5(4),
        b"Rar!\x1a\x07\x01\x00" + b"\xff" * 30,
        b"Rar!\x1a\x07\x00" + bytes(30),
    ],
)
def test_what_cannot_be_listed_is_refused(content):
    with pytest.raises(BadArchive):
        list(members(content))


@given(st.sampled_from([RAR4, RAR5]), st.data())
def test_damage_is_refused_or_read(whole, data):
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        for member in members(bytes(content)):
            assert member.open is None or len(member.open(10)) <= 10
    except BadArchive:
        pass
