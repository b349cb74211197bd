"""Content encodings: any data, cut anywhere, and what is not what it says."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tipd.net.decode import DecodeError, decoder_for

ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": lambda data: zlib.compress(data, 1),
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": lambda data: zstandard.ZstdCompressor(level=1).compress(data),
}


def decoded(encoding: str, *pieces: bytes) -> bytes:
    decoder = decoder_for(encoding)
    content = b"".join(part for piece in pieces for part in decoder.feed(piece))
    decoder.finish()
    return content


@given(st.sampled_from(sorted(ENCODE)), st.binary(max_size=2000), st.integers(1, 9), st.integers(1, 40))
@settings(deadline=None)
def test_any_data_cut_anywhere(encoding: str, data: bytes, repeat: int, cut: int) -> None:
    wire = ENCODE[encoding](data * repeat)
    assert decoded(encoding, *[wire[i : i + cut] for i in range(0, len(wire), cut)]) == data * repeat


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.binary(max_size=300))
@settings(deadline=None)
def test_garbage_raises_only_our_error(encoding: str, garbage: bytes) -> None:
    try:
        decoded(encoding, garbage)
    except DecodeError as error:
        assert str(error)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_every_shorter_stream_ends_too_early(encoding: str) -> None:
    wire = ENCODE[encoding](b"192.0.2.1\n192.0.2.2\n" * 3)
    for length in range(1, len(wire)):
        with pytest.raises(DecodeError):
            decoded(encoding, wire[:length])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_pieces_stay_small_whatever_is_packed(encoding: str) -> None:
    wire = ENCODE[encoding](bytes(64 * 2**20))
    decoder = decoder_for(encoding)
    sizes = [len(piece) for start in range(0, len(wire), 65536) for piece in decoder.feed(wire[start : start + 65536])]
    assert sum(sizes) == 64 * 2**20 and max(sizes) <= 17 * 2**20


def test_no_body_at_all_is_whole() -> None:
    for encoding in ENCODE:
        assert decoded(encoding) == decoded(encoding, b"") == b""


def test_gzip_padding_and_many_members() -> None:
    member = gzip.compress(b"x")
    assert decoded("gzip", member * 3000 + bytes(1000)) == b"x" * 3000
    with pytest.raises(DecodeError):
        decoded("gzip", member + b"garbage")


def test_raw_deflate_that_is_taken_for_what_it_is() -> None:
    stream = zlib.compressobj(wbits=-15)
    assert decoded("deflate", stream.compress(b"abc" * 100) + stream.flush()) == b"abc" * 100


def test_zstd_that_wants_too_large_a_window() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    large = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(DecodeError, match="too large a window"):
        decoded("zstd", large.compress(bytes(2**20)) + large.flush())


@pytest.mark.parametrize("encoding", ["compress", "gzip, br", "aes128gcm", "x"])
def test_unknown_encodings(encoding: str) -> None:
    with pytest.raises(DecodeError, match="not asked for"):
        decoder_for(encoding)
    assert decoder_for("GZIP ")
