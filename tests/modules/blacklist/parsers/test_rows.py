"""Context values and filters."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.parsers.rows import CONTEXT_LONGEST, Rows, Where, context_text


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (" a\0b ", "ab"),
        ("x" * 1000, "x" * CONTEXT_LONGEST),
        (7, 7),
        (None, None),
        (True, True),
        (math.inf, None),
        (["a", {"b": 1}, 2], ["a", 2]),
        ({"a": 1}, '{"a":1}'),
        ("\ud800", "?"),
    ],
)
def test_what_jsonb_can_hold(value, kept):
    assert context_text(value) == kept


@given(st.text())
def test_any_text_can_be_stored(text):
    kept = context_text(text)
    assert "\0" not in kept
    kept.encode()


def test_where_folds_and_takes_one_of_many():
    where = Where({"status": ["Online", 1]})
    assert where
    assert where.passes({"status": " ONLINE "}.get)
    assert where.passes({"status": [None, 1]}.get)
    assert not where.passes({"status": None}.get)
    assert not Where({})


def test_rows_keep_contexts_only_where_wanted():
    rows = Rows()
    rows.add(3, b"x", {"a": 1})
    assert (rows.values, rows.units, rows.contexts) == ([b"x"], [3], None)


def test_rows_know_which_were_taken_back():
    rows = Rows()
    rows.add(0, b"x")
    rows.add(0, b"y", withdrawn=True)
    assert rows.withdrawn == {1}
