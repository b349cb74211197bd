"""`tipd lookup --log`: what was listed when each line was written."""

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import pytest

LOG = """\
2026-11-01T04:00:00Z connect from 192.0.2.1 and 192.0.2.9
2026-11-02T04:00:00Z connect from 192.0.2.2
no time, 192.0.2.1
2026-11-03T04:00:00Z nobody here

2026-11-04T04:00:00Z connect from 192.0.2.9
"""


def result(one: dict[str, str]) -> dict[str, Any]:
    """Say that .1 was listed, and known later; .2 an hour and a half after; the rest never."""
    base = {"kind": "ipv4", "confidence": 0.0, "sources": [], "matches": [], "error": None}
    base |= {**one, "listed": False, "known_since": None, "listed_later": None}
    if one["value"] == "192.0.2.1":
        match = {"kind": "ipv4", "value": one["value"], "how": "exact"}
        known = "2026-11-20T00:00:00Z"
        return base | {"listed": True, "confidence": 0.5, "sources": ["a"], "matches": [match], "known_since": known}
    if one["value"] == "192.0.2.2":
        return base | {"listed_later": {"at": "2026-11-02T05:30:00Z", "after_s": 5400.0, "sources": ["a", "b"]}}
    return base


@pytest.fixture(autouse=True)
def _answers(fake: Any) -> None:
    fake.answers["POST", "/api/v1/lookup"] = lambda body: (200, {"results": [result(one) for one in body["values"]]})


@pytest.fixture
def log(tmp_path: Path) -> str:
    (tmp_path / "log").write_text(LOG)
    return str(tmp_path / "log")


def test_lines_that_were_listed_then_or_later(tipd: Any, log: str) -> None:
    ran = tipd("lookup", "--log", log)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "1\t2026-11-01 04:00:00\t192.0.2.1\tlisted then 0.50\ta (known since 2026-11-20 00:00:00)",
        "2\t2026-11-02 04:00:00\t192.0.2.2\tlisted later after 1h 30m\ta b",
    ]
    assert "6 lines: 1 name something listed then, 1 something listed later; 1 without a time (line 3)" in ran.err


def test_json_has_the_line_and_all_that_was_answered(tipd: Any, log: str) -> None:
    first, second = tipd("lookup", "--log", log, "--json", "--lines").lines
    assert (first["line"], first["listed"], first["text"]) == (1, True, LOG.splitlines()[0])
    assert (second["line"], second["listed_later"]["after_s"]) == (2, 5400.0)


@pytest.mark.parametrize("pack", [gzip.compress])
def test_a_packed_log(tipd: Any, tmp_path: Path, pack: Any) -> None:
    (tmp_path / "log.gz").write_bytes(pack(LOG.encode()))
    assert tipd("lookup", "--log", str(tmp_path / "log.gz")).code == 0


def test_standard_input(tipd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOG.encode())))
    assert tipd("lookup", "--log", "-").code == 0


def test_each_pair_is_asked_once_and_many_lines_in_few_requests(
    tipd: Any, fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipd.cli.log_lookup.AT_ONCE", 4)
    lines = [f"2026-11-01T04:00:0{number // 4}Z 192.0.2.{number % 4}" for number in range(12)]
    (tmp_path / "log").write_text("\n".join(line for line in lines for _ in range(3)))
    tipd("lookup", "--log", str(tmp_path / "log"))
    asked = [len(body["values"]) for method, _, _, body in fake.asked if method == "POST"]
    assert asked == [4, 4, 4]


def test_a_line_without_end_is_read_to_its_beginning(tipd: Any, fake: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("2026-11-01T04:00:00Z 192.0.2.1 " + "x" * 1_000_000 + " 192.0.2.2\n" + LOG)
    ran = tipd("lookup", "--log", str(tmp_path / "log"))
    assert "7 lines: 2 name something listed then" in ran.err


def test_nothing_found_is_1_and_the_future_is_named(tipd: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("2099-11-01T04:00:00Z 192.0.2.9\n")
    ran = tipd("lookup", "--log", str(tmp_path / "log"))
    assert ran.code == 1
    assert "1 from the future: is the time zone right?" in ran.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--log", "/no/such/log"), "No such file"),
        (("--log", "-", "--timezone", "Mars/Olympus"), "is not one of the tz database"),
        (("--log", "-", "--time-format", "%Q"), "bad directive"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(tipd: Any, words: tuple[str, ...], why: str) -> None:
    ran = tipd("lookup", *words)
    assert ran.code == 2
    assert why in ran.err
