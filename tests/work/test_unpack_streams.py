"""Compressed streams."""

import gzip

import pytest
from support.containers import LIST, STREAMS, Packed, read, why

from tipd.work import unpack
from tipd.work.unpack import detect, open_body


@pytest.mark.parametrize("kind", STREAMS)
def test_streams_of_one_member_and_more(packed: Packed, kind: str) -> None:
    pack = STREAMS[kind]
    assert detect(pack(LIST)) == kind
    assert read(packed(pack(LIST))) == LIST
    assert read(packed(pack(LIST[:50]) + pack(b"") + pack(LIST[50:]))) == LIST


def test_garbage_behind_a_stream(packed: Packed) -> None:
    assert read(packed(gzip.compress(LIST) + bytes(1000))) == LIST
    assert why(packed(gzip.compress(LIST) + b"garbage")) == "damaged"


def test_chunks_stay_small(packed: Packed) -> None:
    data = bytes(range(256)) * 10_000
    for kind in STREAMS:
        sizes = [len(chunk) for chunk in open_body(packed(STREAMS[kind](data)))]
        assert sum(sizes) == len(data)
        assert max(sizes) <= (17 * 2**20 if kind == "zstd" else 2 * unpack.PIECE)
