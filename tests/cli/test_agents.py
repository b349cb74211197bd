"""`tipd agents`."""

from typing import Any

import pytest

from tipd.cli.agents import lag

PATH = "/api/v1/agents"
AT = "2026-11-22T04:00:00Z"


def row(name: str, **more: Any) -> dict[str, Any]:
    """Return an agent's row."""
    plain: dict[str, Any] = {"name": name, "view": "redacted", "state": "ok", "last": 1207, "last_there": 1207}
    plain |= {"records": 12_345, "lag_s": 0.0, "gaps": 0, "bytes": 99_000, "withdrawn": 0, "sealed": AT, "taken": AT}
    plain |= {"last_success": AT, "error": None, "refused": None, "key": "aGVsbG8=", "pinned": True, "tlp": "amber"}
    return plain | {"licence": "", "onward": False, "backlog": False} | more


def refusal(**more: Any) -> dict[str, Any]:
    return {"reason": "fork", "at": AT, "number": 1208, "detail": "another \x1b]0;1207\x07"} | more


def test_agents_as_a_table(tipd: Any, fake: Any) -> None:
    behind = row("mx2", state="refused\x1b[31m", last_there=1300, lag_s=7300.0, gaps=3, refused=refusal())
    fake.answers["GET", PATH] = (200, {"agents": [row("mx1"), behind]})
    ran = tipd("agents", "list")
    assert (ran.code, ran.err) == (0, "")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["NAME", "VIEW", "STATE", "LAST", "LAG", "GAPS", "RECORDS", "TAKEN", "TLP", "REFUSED"]
    assert first.split() == ["mx1", "redacted", "ok", "1,207", "0s", "0", "12,345", "2026-11-22", "04:00:00", "amber"]
    assert "1,207 of 1,300  2h   3" in second and second.endswith("amber  fork")
    assert "refused\\x1b[31m" in second


def test_agents_as_json_lines(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, {"agents": [row("mx1"), row("mx2", lag_s=None)]})
    ran = tipd("agents", "list", "--json")
    assert [(one["name"], one["lag_s"]) for one in ran.lines] == [("mx1", 0.0), ("mx2", None)]


def test_none_is_configured(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, {"agents": []})
    ran = tipd("agents", "list")
    assert (ran.code, ran.out) == (1, "")
    assert "no agent is configured" in ran.err


def test_one_agent(tipd: Any, fake: Any) -> None:
    one = row("mx1", refused=refusal(), gaps=3, backlog=True, onward=True, licence="CC0", last_there=1300, error="x\n")
    fake.answers["GET", f"{PATH}/mx1"] = (200, one)
    ran = tipd("agents", "show", "mx1")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "mx1: view redacted, ok",
        "version 1,207, the agent has 1,300, lag 0s",
        "sealed 2026-11-22 04:00:00, taken 2026-11-22 04:00:00 (UTC)",
        "12,345 mails in 99,000 bytes of versions, 0 withdrawn",
        "3 versions were gone before they could be taken",
        "sealed while older mails still waited",
        "tlp amber, may be passed on, CC0",
        "key aGVsbG8=, taken at the first contact",
        "answered last 2026-11-22 04:00:00 (UTC)",
        "refused of version 1,208: fork, 2026-11-22 04:00:00: another \\x1b]0;1207\\x07",
        "error x\\x0a",
    ]
    assert tipd("--json", "agents", "show", "mx1").lines[0]["last"] == 1207


def test_one_that_was_never_reached(tipd: Any, fake: Any) -> None:
    never = row("mx1", last=0, last_there=None, lag_s=None, sealed=None, taken=None, last_success=None, key="")
    fake.answers["GET", f"{PATH}/mx1"] = (200, never | {"state": "unreachable"})
    assert tipd("agents", "show", "mx1").out.splitlines()[:2] == ["mx1: view redacted, unreachable", "version 0"]


def test_one_that_is_not_there(tipd: Any, fake: Any) -> None:
    fake.answers["GET", f"{PATH}/a%2Fb"] = (404, {"detail": "there is no agent 'a/b'"})
    ran = tipd("agents", "show", "a/b")
    assert (ran.code, ran.err) == (1, "tipd: there is no agent 'a/b'\n")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, ""), (0.4, "0s"), (119, "119s"), (150, "2m"), (7300, "2h"), (200_000, "2d")]
)
def test_a_lag_for_people(seconds: float | None, shown: str) -> None:
    assert lag(seconds) == shown
