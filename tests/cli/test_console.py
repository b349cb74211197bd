"""`tipd console`."""

from typing import Any

LINK = {"path": "/login?code=abc", "base": "http://127.0.0.1:8470", "code": "abc", "expires_in": 600}


def test_a_link_to_open(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/console-links"] = 200, LINK
    ran = tipd("console")
    assert (ran.code, ran.out) == (0, "http://127.0.0.1:8470/login?code=abc\n")
    assert "once, for 10 minutes" in ran.err
    assert tipd("--json", "console").lines == [LINK | {"url": "http://127.0.0.1:8470/login?code=abc"}]


def test_a_daemon_on_no_port_of_its_own(tipd: Any, fake: Any) -> None:
    fake.answers["POST", "/api/v1/console-links"] = 200, LINK | {"base": None}
    ran = tipd("console")
    assert ran.out == "/login?code=abc\n"
    assert "proxy" in ran.err
    assert tipd("--json", "console").lines[0]["url"] is None
