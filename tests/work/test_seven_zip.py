"""7z as a stream: every common method, checked, in order, and never more memory than is needed."""

import io
import random
from collections import Counter

import py7zr
import pytest
from support.containers import LIST, MEMBERS, seven_zipped

from tipd.work.seven_zip import members
from tipd.work.unpack import Meter, UnpackError, UnpackLimits

X86 = {"id": py7zr.FILTER_X86}
DELTA = {"id": py7zr.FILTER_DELTA, "dist": 4}
LZMA2 = {"id": py7zr.FILTER_LZMA2, "preset": 1}


def entries(body, **limits):
    meter = Meter(UnpackLimits(**limits), len(body), Counter())
    return {name: b"".join(chunks) for name, chunks in members(io.BytesIO(body), meter)}


@pytest.mark.parametrize(
    "filters",
    [
        [LZMA2],
        [{"id": py7zr.FILTER_LZMA, "preset": 1}],
        [{"id": py7zr.FILTER_BZIP2}],
        [{"id": py7zr.FILTER_DEFLATE}],
        [{"id": py7zr.FILTER_COPY}],
        [{"id": py7zr.FILTER_ZSTD, "level": 3}],
        [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 20}],
        [X86, LZMA2],
        [DELTA, LZMA2],
    ],
    ids=["lzma2", "lzma", "bzip2", "deflate", "copy", "zstd", "ppmd", "x86", "delta"],
)
def test_methods_in_order_and_whole(filters):
    rng = random.Random(3)
    written = MEMBERS | {"noise": rng.randbytes(400_000), "zeros": bytes(300_000), "list": LIST * 50}
    assert entries(seven_zipped(written, filters)) == written


def test_a_member_that_is_not_read_is_passed_over():
    body = seven_zipped({"one": LIST, "two": b"two"})
    meter = Meter(UnpackLimits(), len(body), Counter())
    names = [(name, next(chunks)[:3] if name == "two" else b"") for name, chunks in members(io.BytesIO(body), meter)]
    assert names == [("one", b""), ("two", b"two")] and meter.size == len(LIST) + 3


@pytest.mark.parametrize("at", [40, 200, 1000])
def test_a_byte_that_changed_is_met(at):
    body = bytearray(seven_zipped({"noise": random.Random(4).randbytes(5000)}, [LZMA2]))
    body[at] ^= 0x40
    with pytest.raises(UnpackError) as caught:
        entries(bytes(body))
    assert caught.value.reason in {"damaged", "truncated"}


def test_what_only_others_read_is_said_before_anything_comes_out():
    brotli = seven_zipped({"list": LIST}, [{"id": py7zr.FILTER_BROTLI, "level": 3}])
    with pytest.raises(UnpackError) as caught:
        entries(brotli)
    assert caught.value.reason == "unsupported"


def test_a_dictionary_is_no_larger_than_what_comes_out():
    small = seven_zipped({"list": LIST}, [{"id": py7zr.FILTER_LZMA2, "dict_size": 64 * 2**20}])
    assert entries(small, memory=2**20) == {"list": LIST}
