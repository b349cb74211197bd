"""Files inside compressed streams."""

import bz2
import gzip
import io
import lzma
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.nested import BadArchive
from tipd.mail.nested_streams import in_bzip2, in_gzip, in_xz, in_zstd

CONTENT = b"hello" * 10_000
PACKED = {
    in_gzip: gzip.compress(CONTENT),
    in_bzip2: bz2.compress(CONTENT),
    in_xz: lzma.compress(CONTENT),
    in_zstd: zstandard.compress(CONTENT),
}


@pytest.mark.parametrize("opener", PACKED)
def test_a_stream_is_one_file_read_up_to_a_cap(opener):
    (member,) = opener(PACKED[opener])
    assert member.open(10**6) == CONTENT
    assert member.open(7) == CONTENT[:7]


def test_gzip_bears_a_name():
    file = io.BytesIO()
    with gzip.GzipFile("wörd.txt", "wb", fileobj=file) as stream:
        stream.write(b"x")
    (member,) = in_gzip(file.getvalue())
    assert (member.name, member.size) == ("wörd.txt", 1)


def test_a_window_too_large_is_refused():
    packed = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    ).compressobj()
    content = packed.compress(bytes(200_000)) + packed.flush()
    (member,) = in_zstd(content)
    with pytest.raises(BadArchive):
        member.open(100)


@given(st.sampled_from(list(PACKED)), st.data())
def test_damage_is_refused_or_read(opener, data):
    content = bytearray(PACKED[opener])
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (member,) = opener(bytes(content[: data.draw(st.integers(0, len(content)))]))
    with suppress(BadArchive):
        assert len(member.open(1000)) <= 1000
