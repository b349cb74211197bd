"""The forgiving parser, and the header alone."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail.test_quick import MIXED

from tipd.mail.fallback import decoded, header_only, parse
from tipd.mail.parts import Room
from tipd.mail.quick import Unparsable


def test_it_says_what_the_fast_one_says():
    root = parse(MIXED, Room(100, 50))
    text, message, file = root.children
    assert root.first("from") == "hä <a@example.org>"
    assert root.headers["subject"] == ["one", "two"]
    assert (text.content, message.is_message, message.children[0].first("subject")) == (b"hello", True, "inner")
    assert (file.filename, file.content) == ("a.zip", b"PK\x03\x04")


def test_the_header_alone_of_what_nobody_can_parse():
    raw = (
        b"Subject: folded\r\n over lines\r\nX: \xff\r\nno field\r\nFrom: a@example.org\r\n\r\nbody http://example.org/"
    )
    root = header_only(raw, 1000)
    assert root.first("subject") == "folded over lines"
    assert root.first("from") == "a@example.org"
    assert root.content == b"body http://example.org/"
    assert header_only(raw, 20).headers.keys() == {"subject"}
    assert header_only(b"", 10).headers == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("=?utf-8?b?aMOk?=", "hä"),
        ("=?nonsense?q?a?=", "a"),
        ("=?utf-8?b?!?=", "=?utf-8?b?!?="),
        ("plain", "plain"),
        ("=?utf-8?q?a?= b =?iso-8859-1?q?=E4?=", "a b ä"),
        ("\udcff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_encoded_words_are_read_where_they_can_be(text, value):
    assert decoded(text) in {value, value.replace("=?utf-8?b?!?=", "")}


@given(st.binary(max_size=2000))
def test_no_bytes_raise_anything_else(raw):
    header_only(raw, 500)
    with contextlib.suppress(Unparsable):
        parse(raw, Room(100, 50))


@given(st.text(max_size=300))
def test_what_was_decoded_can_be_stored(text):
    decoded("=?utf-8?q?" + text).encode("utf-8")
