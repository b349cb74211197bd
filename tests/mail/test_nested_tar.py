"""Tar headers."""

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.nested import BadArchive
from tipd.mail.nested_tar import members

NAMES = ("a.txt", "x" * 150 + "/b", "ü" * 120, "d/" * 60 + "c")


def _tar(form):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name in NAMES:
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return file.getvalue()


TAR = _tar(tarfile.PAX_FORMAT)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_regular_files_have_their_long_names(form):
    found = list(members(_tar(form)))
    assert [one.name for one in found] == list(NAMES)
    assert {one.open(2) for one in found} == {b"ab"}


@pytest.mark.parametrize("size", [b"77777777777", b"zzzzzzzzzzz", b"\x80" + b"\xff" * 10])
def test_a_size_beyond_the_file_is_refused(size):
    content = bytearray(_tar(tarfile.GNU_FORMAT))
    content[124:135] = size
    with pytest.raises(BadArchive):
        list(members(bytes(content)))


@given(st.data())
def test_damage_is_refused_or_read(data):
    content = bytearray(TAR)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, 6000))] = data.draw(st.integers(0, 255))
    with suppress(BadArchive):
        assert len(list(members(bytes(content)))) <= len(content) // 512
