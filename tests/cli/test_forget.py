"""`tipd forget`."""

from typing import Any

import pytest

from tipd.cli.client import Client, Refused
from tipd.errors import Unavailable

JOB = {"id": "j", "key": "00ff", "why": None, "values": 2, "closed": 1, "sightings": 3, "findings": 4, "mentions": 5}
JOB |= {"bodies": 6, "blocked": True}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.cli.forget.LOOK_EVERY", 0.0)


def test_it_is_waited_for(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/forget"] = 202, JOB | {"state": "running"}
    states = iter(("running", "done"))
    fake.answers["GET", "/api/v1/forget/j"] = lambda _body: (200, JOB | {"state": next(states)})
    ran = tipd("forget", "192.0.2.1", "--reason", "asked", "--block", "--below")
    assert ran.code == 0
    assert "forgotten, as key 00ff: 2 values" in ran.out
    assert "6 bodies removed; never taken in again" in ran.out
    assert "192.0.2.1" not in ran.out
    assert fake.asked[0][3] == {"value": "192.0.2.1", "reason": "asked", "block": True, "below": True}


def test_a_daemon_that_was_stopped_is_waited_for(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers["POST", "/api/v1/forget"] = 202, JOB | {"state": "running"}
    away = [Unavailable("no tipd runs here"), Refused(503, {"detail": "tipd is starting"}), Refused(404, {})]
    answers = iter([*away, JOB | {"state": "done"}])

    def look(_client: Any, _path: str) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Client, "get", look)
    ran = tipd("forget", "192.0.2.1", "--reason", "asked")
    assert ran.code == 0
    assert ran.err.count("it is not all forgotten yet") == 1


def test_a_daemon_that_stays_away_is_told(tipd: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers["POST", "/api/v1/forget"] = 202, JOB | {"state": "running"}

    def look(_client: Any, _path: str) -> Any:
        raise Unavailable("no tipd runs here")

    monkeypatch.setattr(Client, "get", look)
    monkeypatch.setattr("tipd.cli.forget.PATIENCE", -1.0)
    ran = tipd("forget", "192.0.2.1", "--reason", "asked")
    assert ran.code == 69
    assert "not all forgotten yet" in ran.err


def test_a_job_that_nobody_knows_is_told(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/forget"] = 202, JOB | {"state": "running"}
    fake.answers["GET", "/api/v1/forget/j"] = 404, {"detail": "nobody remembers such a job"}
    ran = tipd("forget", "192.0.2.1", "--reason", "asked")
    assert ran.code != 0
    assert "nobody remembers" in ran.err


def test_a_failure_is_1(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/forget"] = 202, JOB | {"state": "failed", "why": "because"}
    ran = tipd("forget", "192.0.2.1", "--reason", "asked")
    assert (ran.code, ran.out) == (1, "failed: because\n")


def test_a_reason_is_needed(tipd: Any) -> None:
    assert tipd("forget", "192.0.2.1").code == 2
