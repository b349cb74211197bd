"""Whether a body may replace what is listed."""

from datetime import UTC, datetime

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.guards import overruled, refusal
from tipd.modules.blacklist.reading.job import ReadResult, Sample
from tipd.store.sources import Acceptance


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


SEEN = bytes(32)


def covered(accepted, expect="", keys="", sha256=b"another", seen_rows=None, **facts):
    """Return whether an acceptance of a body with so many entries covers one that its guards refuse."""
    source = catalogue.parse(f'url = "https://lists.example.org/x"\n{keys}\n[expect]\n{expect}\n')
    result = ReadResult(**{"rows": facts["entries"], **facts})
    word = (
        accepted
        if accepted is None
        else Acceptance(
            at=datetime(2026, 3, 15, tzinfo=UTC),
            sha256=SEEN.hex(),
            entries=accepted,
            rows=accepted if seen_rows is None else seen_rows,
        )
    )
    refused = refusal(source, result)
    assert refused is not None
    return overruled(source, result, refused, sha256, word)


@pytest.mark.parametrize(
    "facts",
    [
        {"entries": 10, "had": 1000},
        {"entries": 0, "had": 1000},
        {"entries": 100_000, "had": 1000},
        {"entries": 100, "had": 100, "canary": False},
        {"entries": 50, "rows": 100, "had": 100, "refused": {"malformed": 60}},
    ],
)
def test_the_accepted_body_itself_is_covered_whatever_was_wrong(facts):
    assert covered(5, sha256=SEEN, expect='must_match = "X"', **facts)
    assert not covered(None, sha256=SEEN, **facts, expect='must_match = "X"')
    assert not covered(5, sha256=None, expect='must_match = "X"', **{**facts, "canary": False})


@pytest.mark.parametrize("facts", [{"html": True}, {"broken": "truncated"}])
def test_a_body_that_was_not_read_whole_is_never_covered(facts):
    assert not covered(0, sha256=SEEN, entries=0, **facts)


@pytest.mark.parametrize(
    ("accepted", "facts", "good"),
    [
        (100, {"entries": 100, "had": 1000}, True),
        (100, {"entries": 50, "had": 1000}, True),
        (100, {"entries": 49, "had": 1000}, False),
        (100, {"entries": 400, "had": 1000}, True),
        (100, {"entries": 10, "had": 1000, "expect": "max_shrink = 0.9"}, True),
        (100, {"entries": 9, "had": 1000, "expect": "max_shrink = 0.9"}, False),
        (100, {"entries": 0, "rows": 3, "had": 1000}, False),
        (100, {"entries": 0, "had": 1000}, False),
        (0, {"entries": 0, "had": 1000}, True),
        (0, {"entries": 0, "rows": 3, "had": 1000}, True),
        (0, {"entries": 0, "had": 1000, "canary": False, "expect": 'must_match = "X"'}, False),
        (9, {"entries": 50_000, "had": 1000}, False),  # it was accepted that the list shrank, not that it grew
        (0, {"entries": 50_000, "had": 1000}, False),
        (30_000, {"entries": 40_000, "had": 1000}, True),
        (30_000, {"entries": 600_001, "had": 1000}, False),
        (30_000, {"entries": 400, "had": 1000}, False),
        (8, {"entries": 7, "had": 0, "expect": "min_rows = 10"}, True),
        (80, {"entries": 7, "had": 0, "expect": "min_rows = 100"}, False),
        (80, {"entries": 7, "had": 1000, "expect": "min_rows = 10"}, False),
        (80, {"entries": 90, "had": 60, "expect": "max_rows = 70"}, True),
        (60, {"entries": 90, "had": 60, "expect": "max_rows = 70"}, False),
        (100, {"entries": 100, "had": 1000, "canary": False, "expect": 'must_match = "X"'}, False),
        (100, {"entries": 100, "rows": 300, "had": 1000, "refused": {"malformed": 200}}, False),
    ],
)
def test_another_body_is_covered_where_only_its_amount_is_wrong_and_about_what_was_accepted(accepted, facts, good):
    assert covered(accepted, **facts) is good


def test_an_empty_body_is_not_covered_by_a_full_one_where_old_rows_are_kept_either():
    kept = {"keys": 'absence = "nothing"', "entries": 900, "rows": 0, "had": 900}
    assert not covered(900, **kept, seen_rows=5)
    assert covered(900, **kept, seen_rows=0)
