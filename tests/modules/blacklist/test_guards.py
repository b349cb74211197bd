"""Whether a body may replace what is listed."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.guards import refusal
from tipd.modules.blacklist.reading.job import ReadResult, Sample


def judge(expect="", keys="", **facts):
    source = catalogue.parse(f'url = "https://lists.example.org/x"\n{keys}\n[expect]\n{expect}\n')
    refused = refusal(source, ReadResult(**facts))
    return None if refused is None else (str(refused.state), refused.why)


GOOD = {"rows": 100, "entries": 100, "had": 100}


def test_a_good_body_passes():
    assert judge(**GOOD) is None
    assert judge(rows=1, entries=1) is None


@pytest.mark.parametrize(
    ("expect", "facts", "state"),
    [
        ("", {**GOOD, "html": True}, "wrong_page"),
        ("html = true", {**GOOD, "html": True}, None),
        ('must_match = "X"', {**GOOD, "canary": False}, "wrong_page"),
        ("", {**GOOD, "broken": "truncated"}, "drifted"),
        ("", {"had": 5}, "empty"),
        ("may_be_empty = true", {"had": 50}, None),
        ("", {"rows": 5, "entries": 0, "had": 5, "refused": {"bogon": 5}}, "empty"),
        ("min_rows = 101", GOOD, "shrunk"),
        ("max_rows = 99", GOOD, "drifted"),
        ("", {"rows": 49, "entries": 49, "had": 100}, "shrunk"),
        ("", {"rows": 50, "entries": 50, "had": 100}, None),
        ("", {"rows": 1, "entries": 1, "had": 9}, None),
        ("max_shrink = 0.1", {"rows": 8, "entries": 8, "had": 9}, "shrunk"),
        ("max_shrink = 1.0", {"rows": 1, "entries": 1, "had": 100}, None),
        ("max_shrink = 0.0", {"rows": 99, "entries": 99, "had": 100}, "shrunk"),
        ("", {"rows": 2001, "entries": 2001, "had": 100}, "drifted"),
        ("", {"rows": 5000, "entries": 5000, "had": 9}, None),
        ("max_growth = 2.0", {"rows": 19, "entries": 19, "had": 9}, "drifted"),
        ("", {**GOOD, "refused": {"malformed": 51}}, "drifted"),
        ("", {**GOOD, "refused": {"malformed": 50}}, None),
        ("max_bad = 0.1", {**GOOD, "refused": {"wrong_kind": 11}}, "drifted"),
        ("", {**GOOD, "refused": {"bogon": 99}}, None),
        ("", {"rows": 2, "entries": 0, "refused": {"malformed": 2}}, "drifted"),
        ("", {"rows": 2, "entries": 1, "refused": {"malformed": 1}}, None),
    ],
)
def test_guards(expect, facts, state):
    judged = judge(expect, **facts)
    assert (judged and judged[0]) == state


def test_the_first_bad_row_is_named():
    sample = Sample(17, "malformed", "<what>")
    _, why = judge(rows=10, entries=0, refused={"malformed": 10}, samples=[Sample(3, "bogon", "x"), sample])
    assert "row 17: malformed '<what>'" in why


def test_a_list_of_recent_rows_may_shrink():
    assert judge(keys='absence = "nothing"', rows=1, entries=1, had=100) is None


def test_why_names_the_key():
    assert "max_shrink 0.5" in judge(rows=10, entries=10, had=100)[1]
    assert "'X'" in judge('must_match = "X"', **GOOD, canary=False)[1]
