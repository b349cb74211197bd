"""Sealed versions read: several at once, a large one in pieces, nothing of one that is not what its manifest says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from support.pulling import mail, mails, name_of

from tipd.modules.spamtrap.agents import reading
from tipd.modules.spamtrap.agents.reading import FindJob, Part, ReadJob, fault, find, read
from tipd.modules.spamtrap.gathering import Rules
from tipd.modules.spamtrap.taking import LONGEST_LINE

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
RULES = Rules(source="mx1", now=NOW, since=NOW - timedelta(days=14))


def part(folder: Path, number: int, raw: bytes, **more) -> Part:
    path = folder / f"{number}.jsonl.zst"
    path.write_bytes(zstandard.compress(raw))
    values = {"raw_bytes": len(raw), "records": raw.count(b"\n")} | more
    return Part(number=number, path=str(path), **values)


def test_several_versions_in_one_step(tmp_path: Path) -> None:
    parts = (part(tmp_path, 5, mails(1, 2)), Part(number=6), part(tmp_path, 7, mails(3)), part(tmp_path, 8, b""))
    result = read(ReadJob(rules=RULES, parts=parts))
    (step,) = result.steps
    assert step.upto == 8
    assert [(one.sha256, one.version) for one in step.batch.mails] == [
        (name_of(1), 5),
        (name_of(2), 5),
        (name_of(3), 7),
    ]
    assert (result.next, result.bad, result.taken) == (None, None, 3)


def test_what_holds_nothing_moves_the_cursor_all_the_same(tmp_path: Path) -> None:
    result = read(ReadJob(rules=RULES, parts=(Part(number=1), Part(number=2))))
    assert [(step.upto, step.batch.mails) for step in result.steps] == [(2, ())]


def test_a_large_one_in_pieces(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "MOST_MAILS", 4)
    monkeypatch.setattr(reading, "MOST_ROWS", reading.ROWS_OF_A_MAIL + 5)
    parts = (part(tmp_path, 1, mails(*range(10))), part(tmp_path, 2, mails(10)))
    seen: list[bytes] = []
    marks: list[int] = []
    at, skip = 1, 0
    while True:
        result = read(ReadJob(rules=RULES, parts=parts[at - 1 :], skip=skip))
        for step in result.steps:
            seen += [one.sha256 for one in step.batch.mails]
            marks.append(step.upto)
        if result.next is None:
            break
        at, skip = result.next
    assert seen == [name_of(n) for n in range(11)]  # each once, in order
    assert marks[-1] == 2
    assert marks == sorted(marks)
    assert all(mark in (0, 1, 2) for mark in marks)


@pytest.mark.parametrize(
    ("raw", "more", "words"),
    [
        (mails(1), {"raw_bytes": 10}, "more than 10 bytes"),
        (mails(1), {"raw_bytes": 10**6}, "not 1 of 1000000"),
        (mails(1, 2), {"records": 3}, "holds 2 lines"),
        (mails(1, 2, 3), {"records": 2}, "more than 2 lines"),
        (b"x" * (LONGEST_LINE + 1), {}, "longer"),
    ],
)
def test_not_what_the_manifest_says(tmp_path: Path, raw: bytes, more: dict[str, int], words: str) -> None:
    parts = (part(tmp_path, 1, mails(1)), part(tmp_path, 2, raw, **more), part(tmp_path, 3, mails(5)))
    result = read(ReadJob(rules=RULES, parts=parts))
    assert result.bad is not None
    assert result.bad[0] == 2
    assert words in result.bad[1]
    assert [(step.upto, len(step.batch.mails)) for step in result.steps] == [(1, 1)]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_zstd(data: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        assert fault(Part(number=1, path=file.name, raw_bytes=100, records=1))


def test_a_last_line_without_its_end(tmp_path: Path) -> None:
    assert not fault(part(tmp_path, 1, mails(1, 2)[:-1], records=2))


def test_records_that_are_none_are_counted(tmp_path: Path) -> None:
    raw = b"{}\n" + b"nonsense\n" + mail(1) + mail(2, format=9)
    result = read(ReadJob(rules=RULES, parts=(part(tmp_path, 1, raw),)))
    assert result.taken == 1
    assert sum(result.refused.values()) == 3


def test_a_record_of_the_next_release_is_taken(tmp_path: Path) -> None:
    raw = mail(1, format=2)[:-2] + b',"weather":{"rain":true}}\n'
    result = read(ReadJob(rules=RULES, parts=(part(tmp_path, 1, raw),)))
    assert (result.taken, result.refused) == (1, {})


def test_which_versions_hold_a_mail(tmp_path: Path) -> None:
    parts = (
        part(tmp_path, 1, mails(1, 2)),
        part(tmp_path, 2, mails(3) + b"nonsense\n"),
        part(tmp_path, 3, b"nonsense\n" + mails(4).replace(b'"sha256":', b'"weather":1,"sha256":')),
        Part(number=4, path=str(tmp_path / "none"), raw_bytes=10),
    )
    assert find(FindJob(parts=parts, hashes=(name_of(2), name_of(4)))) == (1, 3)
    assert find(FindJob(parts=parts, hashes=(name_of(9),))) == ()
