"""Names in wire form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.dns import LONGEST_NAME, text_name, wire_name


def test_a_name_is_its_labels_and_the_root():
    assert wire_name("www.example.org") == b"\x03www\x07example\x03org\0"
    assert wire_name("example.org.") == wire_name("example.org")
    assert wire_name("") == wire_name(".") == b"\0"


@pytest.mark.parametrize("name", ["a..b", ".a", "a" * 64, ".".join(["abcdefg"] * 32), "ä.example"])
def test_what_no_question_can_hold_is_refused(name):
    with pytest.raises(ValueError, match=r"label|longer|ASCII"):
        wire_name(name)


def test_the_longest_name_fits():
    name = ".".join(["a" * 63] * 3 + ["a" * 61])
    assert len(wire_name(name)) == LONGEST_NAME
    with pytest.raises(ValueError, match="longer than 255"):
        wire_name(name + "a")


@given(st.lists(st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True), min_size=1, max_size=8))
def test_a_name_comes_back(labels):
    name = ".".join(labels)
    assert text_name(wire_name(name)) == name


def test_odd_bytes_are_escaped_and_case_is_folded():
    assert text_name(b"\x03WwW\x03a.b\x02\x00\xff\0") == r"www.a\.b.\000\255"
    assert text_name(b"\0") == "."


@pytest.mark.parametrize("wire", [b"", b"\x03ab", b"\x01a", b"\x01a\0\0", b"\x40" + b"a" * 64 + b"\0", b"\xc0\x0c"])
def test_bytes_that_are_no_name_are_refused(wire):
    with pytest.raises(ValueError, match="uncompressed"):
        text_name(wire)
