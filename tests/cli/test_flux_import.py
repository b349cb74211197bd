"""`tipd flux import`."""

import io
from pathlib import Path
from typing import Any

import pytest

PATH = "/api/v1/flux/import"


def imported(body: Any) -> tuple[int, Any]:
    """Take what has a dot; tell of what has none."""
    lines = body.splitlines()
    wrong = [place for place, line in enumerate(lines, start=1) if b"." not in line]
    faults = [{"line": place, "value": lines[place - 1].decode(), "reason": "malformed"} for place in wrong[:2]]
    return 200, {
        "lines": len(lines),
        "new": len(lines) - len(wrong),
        "known": 0,
        "refused": len(wrong),
        "faults": faults,
    }


def test_a_file_in_batches(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["POST", PATH] = imported
    (tmp_path / "names").write_bytes(b"".join(b"host%d.example.org\n" % number for number in range(20_001)))
    ran = tipd("flux", "import", str(tmp_path / "names"), "--tag", "a", "--tag", "b", "--note", "n", "--tlp", "amber")
    assert (ran.code, ran.out) == (0, "20,001 under watch\n")
    targets = [target for _, target, _, _ in fake.asked]
    said = "tag=a&tag=b&note=n&tlp=amber"
    assert targets == [
        f"{PATH}?{said}&first_line=1",
        f"{PATH}?{said}&first_line=10001&initial=true",
        f"{PATH}?{said}&first_line=20001&initial=true",
    ]
    assert [len(body.splitlines()) for *_, body in fake.asked] == [10_000, 10_000, 1]


def test_each_fault_is_told_with_its_line(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers["POST", PATH] = imported
    text = b"a.example\n\x1b[31m\nb.example\nodd\nodd\nlast.example"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    ran = tipd("flux", "import", "-")
    assert (ran.code, ran.out) == (0, "3 under watch, 3 refused\n")
    assert ran.err.splitlines() == [
        "tipd: line 2: \\x1b[31m: malformed",
        "tipd: line 4: odd: malformed",
        "tipd: and 1 more lines were refused up to line 6",
    ]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    lines = tipd("--json", "-q", "flux", "import", "-").lines
    assert lines == [
        {"line": 2, "value": "\x1b[31m", "reason": "malformed"},
        {"line": 4, "value": "odd", "reason": "malformed"},
        {"lines": 6, "new": 3, "known": 0, "refused": 3},
    ]


def test_nothing_but_rubbish(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["POST", PATH] = imported
    (tmp_path / "names").write_bytes(b"odd\n")
    assert tipd("flux", "import", str(tmp_path / "names")).code == 1
    (tmp_path / "names").write_bytes(b"")
    assert tipd("flux", "import", str(tmp_path / "names")).out == "nothing to watch\n"


def test_a_line_without_end_is_cut(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["POST", PATH] = imported
    (tmp_path / "names").write_bytes(b"x" * 200_000)
    assert tipd("flux", "import", str(tmp_path / "names")).code == 1
    assert len(fake.asked[0][3].splitlines()) == 4


def test_how_far_it_came(tipd: Any, fake: Any, tmp_path: Path) -> None:
    answers = iter([imported(b"a.example\n" * 10_000), (503, {"detail": "the database is away", "lines": 5000})])
    fake.answers["POST", PATH] = lambda _body: next(answers)
    (tmp_path / "names").write_bytes(b"a.example\n" * 20_000)
    ran = tipd("flux", "import", str(tmp_path / "names"))
    assert ran.code == 75
    assert "15,000 lines were taken" in ran.err


def test_a_daemon_that_goes_away_meanwhile(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["POST", PATH] = lambda body: imported(body) if len(fake.asked) < 2 else (200, b"<html>")
    (tmp_path / "names").write_bytes(b"a.example\n" * 20_000)
    ran = tipd("flux", "import", str(tmp_path / "names"))
    assert ran.code == 69
    assert "10,000 lines were taken" in ran.err
    fake.asked.clear()
    fake.answers["POST", PATH] = 503, {"detail": "tipd is starting"}
    ran = tipd("flux", "import", str(tmp_path / "names"))
    assert (ran.code, ran.err) == (75, "tipd: tipd is starting\n")


def test_a_folder_is_no_file(tipd: Any, fake: Any, tmp_path: Path) -> None:
    ran = tipd("flux", "import", str(tmp_path))
    assert (ran.code, fake.asked) == (2, [])
    assert "Is a directory" in ran.err


def test_no_such_file(tipd: Any, fake: Any, tmp_path: Path) -> None:
    ran = tipd("flux", "import", str(tmp_path / "none"))
    assert (ran.code, fake.asked) == (2, [])
    assert "No such file" in ran.err
