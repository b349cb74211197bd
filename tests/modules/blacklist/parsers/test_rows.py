"""Rows and filters."""

from tipd.modules.blacklist.parsers.rows import Rows, Where


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
