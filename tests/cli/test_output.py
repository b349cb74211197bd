import io
import json

import pytest

from tipd.cli.output import Output, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output(*, terminal: bool, as_json: bool = False, quiet: bool = False) -> Output:
    kind = Terminal if terminal else io.StringIO
    return Output(as_json, quiet, kind(), kind())


def written(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    assert printable("a\x1b[31m\r\nü") == "a\\x1b[31m\\x0d\\x0aü"


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output(terminal=True).coloured("x", "red") == "\x1b[31mx\x1b[0m"
    assert output(terminal=False).coloured("x", "red") == "x"
    assert output(terminal=True, as_json=True).coloured("x", "red") == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert output(terminal=True).coloured("x", "red") == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert output(terminal=True).coloured("x", "red") == "x"


def test_progress_is_for_terminals_and_cleans_up() -> None:
    shown = output(terminal=True)
    with shown.progress("values") as progress:
        progress.add(12000)
    assert written(shown.err) == "\r\x1b[K12,000 values\r\x1b[K"
    for silent in (output(terminal=False), output(terminal=True, quiet=True)):
        with silent.progress("values") as progress:
            progress.add(12000)
        assert (written(silent.err), progress.done) == ("", 12000)


def test_tables_are_as_wide_as_they_need() -> None:
    out = output(terminal=False)
    out.table(("A", "LONG"), [["xyz\x07", "1"], ["", "2"]])
    assert written(out.out).splitlines() == ["A        LONG", "xyz\\x07  1", "         2"]


def test_messages_go_to_standard_error_unless_quiet() -> None:
    loud, quiet = output(terminal=False), output(terminal=False, quiet=True)
    loud.say("hello")
    quiet.say("hello")
    assert (written(loud.out), written(loud.err), written(quiet.err)) == ("", "tipd: hello\n", "")


def test_what_the_daemons_rooms_log_is_no_result() -> None:
    import structlog

    from tipd import log

    before = structlog.get_config()
    out = output(terminal=False)
    try:
        out.log_to_stderr()
        log.get("net").info("little")
        log.get("net").warning("much")
    finally:
        structlog.configure(**before)
    assert "much" in written(out.err)
    assert "little" not in written(out.err)
    assert written(out.out) == ""


def test_json_carries_nothing_that_a_terminal_would_obey() -> None:
    hostile = {"note": "\x1b]0;x\x07\x9b31m\u202e\U000e0001 ü 💩\ud800", "ok": "é"}
    shown = output(terminal=False, as_json=True)
    shown.record(hostile)
    line = written(shown.out)
    assert line.removesuffix("\n").isprintable()
    assert json.loads(line) == hostile
    assert '"ok":"é"' in line
