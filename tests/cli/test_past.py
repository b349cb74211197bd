"""`tipd sources replay` and `backfill`."""

from pathlib import Path
from typing import Any

import pytest

JOB = {"id": "j", "source": "a", "at": "2026-11-01T00:00:00Z", "why": None, "round": None, "entries": 0}
JOB |= {"added": 0, "cut": 0}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.past.LOOK_EVERY", 0.0)


def told(**more: Any) -> dict[str, Any]:
    data = {"bodies": 3, "added": 1200, "listed": 2, "delisted": 1, "passed_over": [], "error": None}
    return {"kind": "source.replayed", "source": "a", "data": data | more}


def replayed(fake: Any, *pages: list[dict[str, Any]]) -> None:
    left = list(pages)
    fake.answers["POST", "/api/v1/sources/a/replay"] = 202, {"source": "a", "requested": True, "since": 17}
    fake.answers["GET", "/api/v1/findings"] = lambda _body: (200, {"findings": left.pop(0), "last": 18})
    fake.answers["GET", "/api/v1/sources/a/rounds"] = 200, {"rounds": [{"id": 9}], "more": True}


def test_a_replay_is_waited_for(tipd: Any, fake: Any) -> None:
    replayed(fake, [], [told() | {"source": "b"}], [told()])
    ran = tipd("sources", "replay", "a", "--since", "2026-11-01")
    assert ran.code == 0
    assert ran.out == "3 bodies read: 1,200 intervals of the past added, 2 listed now, 1 delisted now\n"
    assert fake.asked[0][3] == {"since": "2026-11-01T00:00:00+00:00"}
    assert "since=17" in fake.asked[1][1]


def test_what_was_passed_over_is_named(tipd: Any, fake: Any) -> None:
    replayed(fake, [told(bodies=0, passed_over=["round 7: damaged"], error="the last body it read is not kept")])
    ran = tipd("sources", "replay", "a")
    assert ran.code == 1
    assert ran.out.splitlines()[1:] == ["passed over: round 7: damaged", "the last body it read is not kept"]


def test_a_replay_that_does_not_go_on_is_not_waited_for(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.past.PATIENCE", 0.0)
    replayed(fake)
    ran = tipd("sources", "replay", "a")
    assert ran.code == 75
    assert "tipd rounds list a" in ran.err


def test_a_source_that_cannot_be_read_is_not_replayed(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/sources/a/replay"] = 409, {"detail": "nobody knows how to read a"}
    assert tipd("sources", "replay", "a").code == 1


def test_a_file_is_sent_in_pieces(tipd: Any, fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.past.PIECE", 2)
    (tmp_path / "list").write_bytes(b"12345")
    sizes = iter((2, 4, 5))
    fake.answers["POST", "/api/v1/uploads"] = lambda _body: (200, {"upload": "u", "bytes": next(sizes)})
    fake.answers["POST", "/api/v1/sources/a/backfill"] = 202, JOB | {"state": "waiting"}
    states = iter(("running", "done"))
    done = JOB | {"round": 7, "entries": 5, "added": 4, "cut": 3}
    fake.answers["GET", "/api/v1/backfills/j"] = lambda _body: (200, done | {"state": next(states)})
    ran = tipd("sources", "backfill", "a", str(tmp_path / "list"), "--at", "2026-11-01")
    assert ran.code == 0
    assert "5 indicators; 4 intervals begun or extended, 3 cut; round 7" in ran.out
    targets = [target for _, target, _, _ in fake.asked]
    assert targets[:3] == [f"/api/v1/uploads?upload={name}&offset={at}" for name, at in (("", 0), ("u", 2), ("u", 4))]
    assert fake.asked[3][3] == {"upload": "u", "at": "2026-11-01T00:00:00+00:00", "origin": "list"}


@pytest.mark.parametrize(("state", "code"), [("known", 0), ("refused", 1), ("failed", 1)])
def test_how_it_ended(tipd: Any, fake: Any, tmp_path: Path, state: str, code: int) -> None:
    (tmp_path / "list").write_bytes(b"")
    fake.answers["POST", "/api/v1/uploads"] = 200, {"upload": "u", "bytes": 0}
    fake.answers["POST", "/api/v1/sources/a/backfill"] = 202, JOB | {"state": state, "why": "because"}
    ran = tipd("sources", "backfill", "a", str(tmp_path / "list"), "--at", "2026-11-01")
    assert ran.code == code


def test_what_is_refused_at_once_and_a_file_that_is_not_there(tipd: Any, fake: Any, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"1")
    fake.answers["POST", "/api/v1/uploads"] = 200, {"upload": "u", "bytes": 1}
    fake.answers["POST", "/api/v1/sources/a/backfill"] = 409, {"detail": "is not past"}
    assert tipd("sources", "backfill", "a", str(tmp_path / "list"), "--at", "2036-11-01").code == 1
    assert tipd("sources", "backfill", "a", str(tmp_path / "no such"), "--at", "2026-11-01").code == 2
    assert tipd("sources", "backfill", "a", str(tmp_path / "list"), "--at", "soon").code == 2
