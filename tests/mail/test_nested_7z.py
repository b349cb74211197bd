"""7z headers, and folders packed in one plain way."""

import io
import struct

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipd.mail.nested import BadArchive
from tipd.mail.nested_7z import members

FILES = {"a/b.exe": b"MZhello" * 500, "ü.txt": b"hi", "c": bytes(5000)}


def _packed(filters=None, **options):
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", filters=filters, **options) as archive:
        for name, content in FILES.items():
            archive.writestr(content, name)
    return file.getvalue()


LZMA2 = _packed([{"id": py7zr.FILTER_LZMA2, "preset": 1}])


@pytest.mark.parametrize("method", [py7zr.FILTER_COPY, py7zr.FILTER_LZMA, py7zr.FILTER_LZMA2])
def test_plain_folders_are_opened_forwards(method):
    found = list(members(_packed([{"id": method}])))
    assert [(one.name, one.size) for one in found] == [(name, len(content)) for name, content in FILES.items()]
    assert [one.open(100_000) for one in found] == list(FILES.values())


def test_of_others_only_names_are_told():
    chained = [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}]
    for content in (_packed(chained), _packed([{"id": py7zr.FILTER_ZSTD}]), _packed(password="x")):
        found = list(members(content))
        assert [one.name for one in found] == list(FILES)
        assert not any(one.open for one in found)
    with pytest.raises(BadArchive):
        list(members(_packed(password="x", header_encryption=True)))


def test_no_more_is_unpacked_than_was_allowed():
    _, _, last = members(LZMA2)
    with pytest.raises(BadArchive, match="too much lies before"):
        last.open(100)
    assert last.open(9000) == bytes(5000)


def test_a_header_that_claims_much_is_refused():
    with pytest.raises(BadArchive):
        list(members(b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<IQQI", 0, 0, 2**40, 0) + b"\1\4\6"))
    with pytest.raises(BadArchive, match="more than 4096"):
        header = b"\x01\x05\xe0\xff\xff\xff"
        list(members(b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<IQQI", 0, 0, len(header), 0) + header))


@settings(max_examples=300)
@given(st.data())
def test_damage_is_refused_or_read(data):
    content = bytearray(data.draw(st.sampled_from([LZMA2, _COPY])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[-data.draw(st.integers(1, 200))] = data.draw(st.integers(0, 255))
    try:
        for member in members(bytes(content)):
            assert member.open is None or len(member.open(10_000)) <= 10_000
    except BadArchive:
        pass


_COPY = _packed([{"id": py7zr.FILTER_COPY}])
