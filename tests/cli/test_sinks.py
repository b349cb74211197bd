from typing import Any

SINK = {"name": "hook", "state": "backoff", "behind": 7, "target": "https://hooks.example.org", "why": None}
SINK |= {"failures": 2, "last_error": "the receiver answered 500"}


def test_list(tipd: Any, fake: Any) -> None:
    fake.answers["GET", "/api/v1/sinks"] = 200, {"sinks": [SINK]}
    ran = tipd("sinks", "list")
    assert ran.code == 0
    assert ran.out.splitlines()[1].split(maxsplit=4) == [
        "hook",
        "backoff",
        "7",
        "https://hooks.example.org",
        "the receiver answered 500",
    ]
    assert tipd("--json", "sinks", "list").lines == [SINK]
    fake.answers["GET", "/api/v1/sinks"] = 200, {"sinks": []}
    assert tipd("sinks", "list").code == 1


def test_test_and_resume(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/sinks/hook/test"] = 200, {"sink": "hook", "taken": True, "why": ""}
    assert tipd("sinks", "test", "hook").code == 0
    failed = {"sink": "hook", "taken": False, "why": "the receiver answered 500"}
    fake.answers["POST", "/api/v1/sinks/hook/test"] = 200, failed
    ran = tipd("sinks", "test", "hook")
    assert ran.code == 1
    assert "the receiver answered 500" in ran.err
    assert tipd("--json", "sinks", "test", "hook").lines == [failed]
    fake.answers["POST", "/api/v1/sinks/hook/resume"] = 200, {"sink": "hook", "resumed": True}
    assert tipd("sinks", "resume", "hook").code == 0
    fake.answers["POST", "/api/v1/sinks/hook/resume"] = 200, {"sink": "hook", "resumed": False}
    assert tipd("sinks", "resume", "hook").code == 1
    assert tipd("sinks", "test", "nobody").code == 1
