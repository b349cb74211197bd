"""Pages made one body."""

import hashlib
from pathlib import Path

import pytest

from tipd.modules.blacklist.joined import Joined
from tipd.modules.blacklist.reading.json_stream import records
from tipd.net.request import FetchError


def joined_of(tmp_path: Path, *pages: bytes, limit: int = 10**6, documents: bool = True) -> Joined:
    joined = Joined(tmp_path / "body", limit, documents=documents)
    try:
        for page in pages:
            (tmp_path / "page").write_bytes(page)
            joined.add(tmp_path / "page")
    finally:
        joined.close()
    return joined


def test_documents_are_told_apart_and_lines_are_not(tmp_path: Path) -> None:
    joined = joined_of(tmp_path, b'{"rows": [1]}', b'  {"rows": [2, 3]}\n', b'{"rows": []}')
    body = joined.path.read_bytes()
    assert [raw for _, raw in records([body], "rows", 100)] == [b"1", b"2", b"3"]
    assert (joined.digest.digest(), joined.size) == (hashlib.sha256(body).digest(), len(body))
    lines = joined_of(tmp_path, b'{"ip": 1}', b'{"ip": 2}', documents=False)
    assert lines.path.read_bytes() == b'{"ip": 1}\n{"ip": 2}', "JSON Lines are lines"
    assert joined_of(tmp_path, b"192.0.2.1", b"192.0.2.2\n").path.read_bytes() == b"192.0.2.1\n192.0.2.2\n"


def test_what_is_too_large_together(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="larger than 15 bytes") as caught:
        joined_of(tmp_path, b"x" * 10, b"y" * 10, limit=15)
    assert caught.value.state == "wrong_page"


def test_pages_of_many_megabytes(tmp_path: Path) -> None:
    page = b"192.0.2.1\n" * 300_000
    assert joined_of(tmp_path, page, page, limit=10**7).path.stat().st_size == 2 * len(page) + 1
