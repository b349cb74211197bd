"""A value sought in bodies, packed or not."""

import gzip
import io
import itertools
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipd.modules.blacklist import seek
from tipd.modules.blacklist.seek import SeekJob, holds


def zipped(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"nothing\n")
        archive.writestr("b.txt", text)
    return file.getvalue()


PACKINGS = [bytes, gzip.compress, zipped, zstandard.compress, lambda text: zstandard.compress(gzip.compress(text))]


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"192.0.2.7", True),
        (b"x\n192.0.2.7,y\n", True),
        (b"http://192.0.2.7:80/", True),
        (b"192.0.2.77", False),
        (b"1192.0.2.7", False),
        (b"", False),
        (b"192-0-2-7", False),
    ],
)
def test_it_is_found_where_it_stands_by_itself(tmp_path: Path, pack, text: bytes, found: bool) -> None:
    (tmp_path / "body").write_bytes(pack(text))
    assert holds(tmp_path / "body", "192.0.2.7") == found


@pytest.mark.parametrize(
    ("value", "ways"),
    [
        ("192.0.2.7", ["192[.]0[.]2[.]7", "192(.)0.2{.}7", "192[dot]0[ dot ]2.7", "192\\.0\\.2\\.7"]),
        ("example.org", ["Example[.]org", "example(dot)ORG,"]),
        (
            "http://example.org/a?b=1",
            [
                "hxxp://example[.]org/a?b=1",
                r'"http:\/\/example.org\/a?b=1"',
                "h**p[:]//example.org/a?b=1",
                "hXXp[://]example.org/a?b=1",
            ],
        ),
        ("me@example.org", ["me[at]example.org", "me[@]example[.]org"]),
        ("2001:db8::1", ["2001[:]db8[:][:]1"]),
    ],
)
@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_it_is_found_as_lists_write_it(monkeypatch, tmp_path: Path, value: str, ways: list[str], piece: int) -> None:
    for way in ways:
        raw = f"x {way} y".encode()
        pieces = [raw[at : at + piece] for at in range(0, len(raw), piece)]
        monkeypatch.setattr(seek, "open_body", lambda *_args, pieces=pieces: iter(pieces))
        assert holds(tmp_path, value), way
        assert not holds(tmp_path, value + "0"), way


def test_case_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"Evil.Example.ORG")
    assert holds(tmp_path / "body", "evil.example.org")


def test_a_job_says_which_hold_it_and_which_cannot_be_read(tmp_path: Path) -> None:
    for name, text in (("one", b"example.org"), ("two", b"example.com"), ("three", gzip.compress(b"x" * 999)[:-20])):
        (tmp_path / name).write_bytes(text)
    paths = [str(tmp_path / name) for name in ("two", "gone", "one", "three")]
    result = seek.seek(SeekJob(paths=paths, text="example.org"))
    assert (result.found, result.unread) == ([2], [3])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text("ab.- ", max_size=40), cuts=st.lists(st.integers(0, 40), max_size=5))
def test_where_pieces_end_does_not_matter(monkeypatch, tmp_path: Path, text: str, cuts: list[int]) -> None:
    raw = text.encode()
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[first:last] for first, last in itertools.pairwise(edges)]
    monkeypatch.setattr(seek, "open_body", lambda *_args: iter(pieces))
    whole = any(
        raw[at : at + 3] == b"a.b"
        and (at == 0 or raw[at - 1 : at] not in {b"a", b"b", b"-"})
        and raw[at + 3 : at + 4] not in {b"a", b"b", b"-"}
        for at in range(len(raw))
    )
    assert holds(tmp_path, "a.b") == whole
