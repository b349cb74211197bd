"""Compressed mails, by their first bytes."""

import bz2
import gzip
import io
import lzma
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tipd.agent.compressed import CompressedError, kind_of, pieces

MAIL = b"Subject: one\n\n" + b"text\n" * 100_000
PACKED = {
    "gzip": gzip.compress(MAIL),
    "bzip2": bz2.compress(MAIL),
    "xz": lzma.compress(MAIL),
    "zstd": zstandard.compress(MAIL),
}


def read(packed: bytes, most: int = 2**20) -> bytes:
    return b"".join(pieces(io.BytesIO(packed), most))


@pytest.mark.parametrize("kind", PACKED)
def test_each_kind_is_known_and_read(kind):
    packed = PACKED[kind]
    assert kind_of(packed) == kind
    assert read(packed) == MAIL
    assert read(packed + packed) == MAIL + MAIL  # members one behind the other


def test_a_plain_mail_is_read_as_it_lies():
    assert kind_of(MAIL) == ""
    assert read(MAIL, 1) == MAIL
    assert read(b"") == b""


@pytest.mark.parametrize("kind", PACKED)
def test_one_that_is_cut_or_broken_is_refused(kind):
    packed = PACKED[kind]
    for bad in (packed[: len(packed) // 2], packed[:12] + os.urandom(64), packed[:6]):
        with pytest.raises(CompressedError, match=kind):
            read(bad)


@pytest.mark.parametrize("kind", PACKED)
def test_a_bomb_is_cut_off_where_it_passes_the_bound(kind):
    taken = 0
    with pytest.raises(CompressedError, match="more than 300000 bytes"):
        for piece in pieces(io.BytesIO(PACKED[kind]), 300_000):
            taken += len(piece)
    assert taken <= 300_000


@pytest.mark.parametrize("first", [b"\x04\x22\x4d\x18", b"Dovecot-LZ4\x0d\x2a\x9b\xc5"])
def test_lz4_is_refused_in_words(first):
    with pytest.raises(CompressedError, match="LZ4"):
        read(first + b"\0" * 40)


@given(st.sampled_from(sorted(PACKED)), st.data())
def test_no_other_error_escapes(kind, drawn):
    packed = bytearray(PACKED[kind][:4000])
    for _ in range(drawn.draw(st.integers(1, 8))):
        packed[drawn.draw(st.integers(4, len(packed) - 1))] = drawn.draw(st.integers(0, 255))
    try:
        read(bytes(packed))
    except CompressedError as error:
        assert str(error)
