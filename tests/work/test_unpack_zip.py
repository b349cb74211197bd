"""zip, and what it may claim."""

import io
import zipfile
from collections import Counter

import pytest
from support.containers import LIST, Packed, why, zipped

from tipd.work.unpack import UnpackLimits, open_entries


def test_a_zip_directory_of_any_size_is_not_read(packed: Packed) -> None:
    many = zipped({"n" * 200 + str(number): b"" for number in range(6000)}, zipfile.ZIP_STORED)
    assert why(packed(many), UnpackLimits(max_entries=100)) == "too_many_entries"


def test_zip_members_that_are_no_files_or_would_leave(packed: Packed) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, mode in (("link", 0o120777), ("null", 0o020666), ("pipe", 0o010666), ("good", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, "data")
        for name in ("/etc/cron.d/x", "../x", "a/../../x", "folder/"):
            archive.writestr(zipfile.ZipInfo(name), b"" if name == "folder/" else b"data")
    refused: Counter[str] = Counter()
    assert [name for name, _ in open_entries(packed(out.getvalue()), refused=refused)] == ["good"]
    assert refused == {"link": 1, "device": 2, "unsafe name": 3}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_methods_that_are_not_read(packed: Packed, method: int) -> None:
    assert why(packed(zipped({"list": LIST}, method))) == "unsupported"
