"""What commands say."""

import io

from tipd.agent.saying import Saying

ROWS = [{"name": "lab\x1b[2J", "n": 7}, {"name": "police", "n": 12}]


def said(*, as_json: bool = False, quiet: bool = False) -> Saying:
    return Saying(as_json, quiet, io.StringIO(), io.StringIO())


def test_rows_stand_in_columns_without_what_a_terminal_would_obey() -> None:
    saying = said()
    saying.rows(("name", "n"), ROWS)
    assert saying.out.getvalue().splitlines() == [
        "NAME        N",
        r"lab\x1b[2J  7",
        "police      12",
    ]


def test_rows_are_lines_of_json_where_that_is_asked_for() -> None:
    saying = said(as_json=True)
    saying.rows(("name",), ROWS)
    assert saying.out.getvalue() == '{"name":"lab\\u001b[2J","n":7}\n{"name":"police","n":12}\n'


def test_messages_go_to_the_other_stream_unless_quiet() -> None:
    for quiet in (False, True):
        saying = said(quiet=quiet)
        saying.say("hello")
        saying.line("result")
        assert saying.out.getvalue() == "result\n"
        assert saying.err.getvalue() == ("" if quiet else "tipd-agent: hello\n")
