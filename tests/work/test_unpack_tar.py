"""tar, and what it may claim."""

import io
import tarfile
from collections import Counter

import pytest
from support.containers import Packed, read, tarred, why

from tipd.work.unpack import open_entries


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_forms_with_long_names(packed: Packed, form: int) -> None:
    members = {"d" * 90 + "/" + "n" * 60: b"a", "ünï/cödé": b"b", "short": b"c"}
    if form != tarfile.USTAR_FORMAT:
        members["x" * 3000] = b"d"
    entries = {name: b"".join(chunks) for name, chunks in open_entries(packed(tarred(members, form)))}
    assert entries == members


def special_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("fifo", tarfile.FIFOTYPE),
            ("null", tarfile.CHRTYPE),
            ("disk", tarfile.BLKTYPE),
            ("folder", tarfile.DIRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("/etc/cron.d/x", "../../x", "a/../../x", "C:\\x", "good"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"data"))
    return out.getvalue()


def test_tar_members_that_are_no_files_or_would_leave(packed: Packed) -> None:
    refused: Counter[str] = Counter()
    assert [name for name, _ in open_entries(packed(special_tar()), refused=refused)] == ["good"]
    assert refused == {"link": 2, "fifo": 1, "device": 2, "unsafe name": 4}
    assert read(packed(special_tar())) == b"data"


def test_tar_headers_that_claim_the_impossible(packed: Packed) -> None:
    def with_size(field: bytes, kind: bytes = b"0") -> bytes:
        block = bytearray(tarred({"x": b"data"}, tarfile.USTAR_FORMAT)[:512])
        block[124:136], block[156:157], block[148:156] = field, kind, b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block) + bytes(2048)

    assert why(packed(with_size(b"77777777777\0"))) == "truncated"
    assert why(packed(with_size(b"\x80" + b"\xff" * 11))) == "truncated"
    assert why(packed(with_size(b"\xff" * 12))) == "damaged"
    assert why(packed(with_size(b"not a numb\0\0"))) == "damaged"
    for kind in (b"L", b"x"):
        assert why(packed(with_size(b"00004000000\0", kind))) == "damaged"
    assert why(packed(with_size(b"00000001000\0", b"x")[:512] + b"999999 path=x\n".ljust(512, b" "))) == "damaged"
