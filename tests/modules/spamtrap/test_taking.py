"""Lines out of a version's file, whoever wrote it."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.spamtrap import taking
from tipd.modules.spamtrap.taking import lines_of


def packed(tmp_path, body):
    path = tmp_path / "1.jsonl.zst"
    path.write_bytes(zstandard.compress(body))
    return path


@given(st.lists(st.binary(min_size=1, max_size=50).filter(lambda line: b"\n" not in line), max_size=20))
def test_lines_come_out_as_they_went_in(tmp_path_factory, lines):
    path = packed(tmp_path_factory.mktemp("version"), b"\n".join(lines))
    assert list(lines_of(path, 10**6)) == lines


def test_long_and_many_bytes_are_refused(tmp_path, monkeypatch):
    path = packed(tmp_path, b"x" * 10_000)
    with pytest.raises(ValueError, match="more than 9999 bytes"):
        list(lines_of(path, 9999))
    monkeypatch.setattr(taking, "LONGEST_LINE", 100)
    with pytest.raises(ValueError, match="longer than 100"):
        list(lines_of(path, 10**6))


def test_a_damaged_file(tmp_path):
    path = packed(tmp_path, b"line\n" * 1000)
    path.write_bytes(path.read_bytes()[:5] + b"\xff\xff\xff\xff" + path.read_bytes()[9:])
    with pytest.raises(ValueError, match="damaged"):
        list(lines_of(path, 10**6))
