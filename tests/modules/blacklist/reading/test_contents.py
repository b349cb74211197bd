"""Manifests of MISP feeds."""

import json
from pathlib import Path

import pytest

from tipd.modules.blacklist.reading.contents import Contents, ContentsJob, contents

EVENT = "8f2b1a0e-0000-4000-8000-00000000000A"


def read(tmp_path: Path, body: str | bytes) -> Contents:
    path = tmp_path / "manifest"
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return contents(ContentsJob(body=str(path)))


def test_events_and_their_dates(tmp_path: Path) -> None:
    body = {EVENT: {"timestamp": "1790000000", "info": "x"}, EVENT[:-1] + "b": {"timestamp": 5}}
    found = read(tmp_path, json.dumps(body))
    assert found.events == {EVENT.lower(): 1_790_000_000, EVENT[:-1] + "b": 5}


@pytest.mark.parametrize("key", ["../../etc/passwd", "x", EVENT + "/..", ""])
def test_names_that_are_no_events_are_not_asked_for(tmp_path: Path, key: str) -> None:
    found = read(tmp_path, json.dumps({key: {"timestamp": "1"}}))
    assert (found.events, found.refused) == ({}, 1)


@pytest.mark.parametrize("date", [None, True, "soon", "-1", 1.5, "9" * 20, {}])
def test_dates_that_are_none(tmp_path: Path, date: object) -> None:
    assert read(tmp_path, json.dumps({EVENT: {"timestamp": date}})).refused == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<html>", b"\xff", b"[" * 5000, b'{"a": 1}'])
def test_what_is_no_manifest(tmp_path: Path, body: bytes) -> None:
    assert "no manifest" in read(tmp_path, body).broken
