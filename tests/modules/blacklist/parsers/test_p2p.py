"""Ranges with a label."""

import pytest

DECLARATION = 'parser = "p2p"\nkind = "network"\n'


def test_ranges(parse):
    lines = [
        "A:192.0.2.0-192.0.2.9",
        "B: with: colons : 198.51.100.1 - 198.51.100.1 ",
        "C:203.000.113.001-203.000.113.009",
    ]
    body = "\n".join(["# c", *lines])
    assert parse(DECLARATION, body)[0] == [
        "192.0.2.0-192.0.2.9",
        "198.51.100.1-198.51.100.1",
        "203.0.113.1-203.0.113.9",
    ]


def test_labels_are_kept_where_asked(parse):
    _, contexts, _ = parse(DECLARATION + '[fields]\nnote = "label"\n', "Some: one:192.0.2.0-192.0.2.9\n")
    assert contexts == [{"note": "Some: one"}]


def test_what_is_no_range(parse):
    assert parse(DECLARATION, "A:192.0.2.0\nwhat\n")[2].refused == [(0, "malformed"), (1, "malformed")]


def test_there_is_one_field(parse):
    with pytest.raises(ValueError, match="one field"):
        parse(DECLARATION + '[fields]\nnote = "other"\n', "")
