"""Bytes made decent, and cut into lines."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.reading.intake import Intake, in_runs, split_lines


def pieces(body, sizes):
    at = 0
    for size in sizes:
        yield body[at : at + size]
        at += size
    yield body[at:]


def lines_of(body, sizes=(), **options):
    intake = Intake(None)
    return [line for run in split_lines(intake.clean(pieces(body, sizes)), 1000, **options) for line in run.units]


@given(st.lists(st.sampled_from(["a", "", "b c"]), max_size=8), st.lists(st.integers(0, 5), max_size=8))
def test_line_ends_do_not_matter_nor_where_pieces_end(lines, sizes):
    for end in ("\n", "\r\n", "\r"):
        body = end.join([*lines, "last"]).encode()
        assert lines_of(body, sizes) == [*(line.encode() for line in lines), b"last"]


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF8 + b"192.0.2.1\n",
        codecs.BOM_UTF16_LE + "192.0.2.1\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "192.0.2.1\n".encode("utf-16-be"),
        b"192.0\0.2.1\n\0",
    ],
)
@pytest.mark.parametrize("sizes", [(), (1, 1, 1), (3, 4)])
def test_marks_and_nuls_go(body, sizes):
    assert lines_of(body, sizes) == [b"192.0.2.1"]


def test_nuls_are_counted():
    intake = Intake(None)
    assert b"".join(intake.clean([b"192.0\0.2.1\r\0", b"\n\0\0"])) == b"192.0.2.1\n"
    assert intake.nuls == 4


@given(st.lists(st.integers(0, 3000), max_size=5), st.integers(1, 700))
def test_overlong_lines_are_left_out_without_being_held(lengths, size):
    body = b"\n".join(b"x" * length for length in lengths)
    runs = list(split_lines(pieces(body, [size] * (len(body) // size)), 1000))
    numbers = [run.first + place for run in runs for place in run.overlong]
    assert numbers == [number for number, length in enumerate(lengths, 1) if length > 1000]
    lines = [line for run in runs for line in run.units]
    kept = [b"x" * length if length <= 1000 else b"" for length in lengths]
    assert lines == kept or (lines == kept[:-1] and not kept[-1])


def test_another_separator():
    assert lines_of(b"192.0.2.1,192.0.2.2\n192.0.2.3", separator=b",") == [b"192.0.2.1", b"192.0.2.2", b"192.0.2.3"]


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (b"<!DOCTYPE html><html>", True),
        (b"\r\n  <HTML lang=en>", True),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC>", True),
        (b"\xef\xbb\xbf<head><title>x", True),
        (b"# a list\n192.0.2.1\n", False),
        (b"http://example.org/<html", False),
        (b"http://example.org/<script>alert(1)</script>\nhttp://example.org/2\n", False),
        (b"  <!-- gone --> <script src=x></script>", True),
        (b"Notice: undefined\n<html><body>", True),
        (b'{"html": "<p>"}', False),
        (b"", False),
    ],
)
def test_pages_are_known_by_their_head(body, html):
    intake = Intake(None)
    list(intake.clean([body]))
    assert intake.html is html


@given(st.integers(1, 12), st.binary(max_size=20).filter(lambda raw: b"canary" not in raw))
def test_the_canary_is_found_across_pieces(size, before):
    body = before + b"canary"
    intake = Intake("canary")
    list(intake.clean([body[at : at + size] for at in range(0, len(body), size)]))
    assert intake.canary
    other = Intake("canary")
    list(other.clean([before]))
    assert not other.canary


@pytest.mark.parametrize(
    ("head", "stamp"),
    [
        ("# updated: 2026-11-22 04:00", "2026-11-22 04:00"),
        ("# Last-Modified: 2026-11-22T04:00:00Z", "2026-11-22T04:00:00"),
        ("; Generated on 2026-11-22", "2026-11-22"),
        ("# version 2026-11-22", None),
        ("192.0.2.1", None),
    ],
)
def test_the_lists_own_date(head, stamp):
    intake = Intake(None)
    list(intake.clean([head.encode()]))
    assert intake.stamp == stamp


def test_units_are_put_into_runs_with_the_number_of_their_first():
    runs = list(in_runs((str(n).encode() for n in range(7)), 3))
    assert [(run.first, len(run.units)) for run in runs] == [(1, 3), (4, 3), (7, 1)]
    assert b"".join(unit for run in runs for unit in run.units) == b"0123456"
    assert list(in_runs([])) == []
