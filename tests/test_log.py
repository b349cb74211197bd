"""Log lines: JSON where nobody looks, no secrets anywhere."""

import io
import json

import pytest
import structlog

from tipd import log


@pytest.fixture(autouse=True)
def _restore():
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def lines(out):
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_lines_are_json_and_name_their_room():
    out = io.StringIO()
    log.setup("info", stream=out)
    log.get("store").info("ready", rows=3)
    (line,) = lines(out)
    assert (line["room"], line["event"], line["rows"], line["level"]) == ("store", "ready", 3, "info")
    assert line["timestamp"].endswith("Z")


def test_secrets_are_blanked():
    out = io.StringIO()
    log.setup("info", stream=out)
    log.get("net").info("asked", Authorization="Bearer abc", token="abc", url="http://x")
    assert "abc" not in out.getvalue()


def test_the_level_holds():
    out = io.StringIO()
    log.setup("warning", stream=out)
    log.get("net").info("quiet")
    assert out.getvalue() == ""


def test_a_terminal_gets_words_and_no_color_is_honoured(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    log.setup("info", stream=out)
    log.get("api").info("listening", port=8470)
    assert "listening" in out.getvalue()
    assert "\x1b[" not in out.getvalue()


def test_a_traceback_on_a_terminal_shows_no_values():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def fail(secret):
        raise ValueError(len(secret))

    out = Terminal()
    log.setup("info", stream=out)
    try:
        fail("tip_0123456789")
    except ValueError as error:
        log.get("api").error("a request failed", exc_info=error)
    assert "ValueError: 14" in out.getvalue()
    assert "tip_0123456789" not in out.getvalue().replace('fail("tip_0123456789")', "")
