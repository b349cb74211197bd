"""What a 7z archive says of itself, believed only as far as it has bytes."""

import io
import random
import struct
import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.containers import MEMBERS, seven_zipped

from tipd.work.seven_zip import members
from tipd.work.seven_zip_header import read_header, start_of
from tipd.work.unpack import Meter, UnpackError, UnpackLimits


def none(_folder):
    raise UnpackError("damaged", "a packed header")


@given(st.binary(max_size=300))
def test_any_header_is_read_or_refused(data):
    for head in (b"\x01", b"\x01\x04", b"\x01\x05", b"\x17"):
        try:
            read_header(head + data, none, 1000)
        except UnpackError as error:
            assert error.reason in {"damaged", "too_many_entries"}


@given(st.binary(max_size=64))
def test_any_beginning_is_read_or_refused(data):
    with pytest.raises(UnpackError):
        start_of(data)


def test_a_header_that_claims_to_be_huge():
    rest = struct.pack("<QQI", 0, 2**40, 0)
    with pytest.raises(UnpackError, match="header of"):
        start_of(b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(rest)) + rest)


def _plain():
    """Return an archive whose header is not packed, and where that stands."""
    import py7zr

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.set_encoded_header_mode(False)
        for name, body in MEMBERS.items():
            archive.writef(io.BytesIO(body), name)
    raw = out.getvalue()
    offset, size, _ = struct.unpack("<QQI", raw[12:32])
    return raw, 32 + offset, size


def _sealed(raw, at, header):
    """Return the archive with another header, its checksums right again."""
    start = struct.pack("<QQI", at - 32, len(header), zlib.crc32(header))
    return raw[:8] + struct.pack("<I", zlib.crc32(start)) + start + raw[32:at] + header


def _hunt(count, seed):
    raw, at, size = _plain()
    rng = random.Random(seed)
    for _ in range(count):
        header = bytearray(raw[at : at + size])
        for _ in range(rng.randrange(1, 5)):
            header[rng.randrange(len(header))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        if rng.random() < 0.2:
            del header[rng.randrange(len(header)) :]
        body = _sealed(raw, at, bytes(header))
        meter = Meter(UnpackLimits(max_bytes=2**22, max_entries=100), len(body), Counter())
        try:
            for _, chunks in members(io.BytesIO(body), meter):
                for _ in chunks:
                    pass
        except UnpackError:
            pass


def test_headers_that_were_changed_are_read_or_refused():
    _hunt(1500, 1)


@pytest.mark.long
def test_many_headers_that_were_changed():
    _hunt(200_000, 2)


def test_an_empty_archive_and_one_with_empty_members():
    for body in (seven_zipped({}), seven_zipped({"empty": b""})):
        meter = Meter(UnpackLimits(), len(body), Counter())
        found = [(name, b"".join(chunks)) for name, chunks in members(io.BytesIO(body), meter)]
        assert found in ([], [("empty", b"")])
