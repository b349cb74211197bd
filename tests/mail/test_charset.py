"""Bytes as text, whatever their charset is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.charset import codec, decode


@pytest.mark.parametrize(
    ("content", "charset", "text", "sure"),
    [
        (b"plain", "", "plain", True),
        (b"plain", "us-ascii", "plain", True),
        (b"plain", "no-such", "plain", False),
        ("hä".encode(), "", "hä", True),
        ("hä".encode("latin-1"), "iso-8859-1", "hä", True),
        ("hä".encode("latin-1"), "", "hä", True),
        ("hä".encode("latin-1"), "us-ascii", "h\N{REPLACEMENT CHARACTER}", False),
        ("hä".encode(), "no-such", "hä", False),
        ("привет".encode("koi8-r"), "KOI8-R", "привет", True),
        ("你好".encode("gb18030"), "gb2312", "你好", True),
        ("hä".encode("utf-16"), "utf-16", "hä", True),
        (b"+2AA-", "utf-7", "?", True),
        (b"a" * 100, "zlib", "a" * 100, False),
        (b"\\ud800", "unicode_escape", "\\ud800", False),
    ],
)
def test_text_is_read_as_its_charset_says_or_as_well_as_can_be(content, charset, text, sure):
    assert decode(content, charset) == (text, sure)


@pytest.mark.parametrize("name", ["", "punycode", "idna", "hex", "x" * 1000, "utf-8\x00", "ütf"])
def test_what_is_no_charset_has_no_codec(name):
    assert codec(name) is None


@given(
    st.binary(max_size=200),
    st.sampled_from(["utf-7", "utf-16", "utf-8", "cp932", "hz", "iso-2022-jp", "utf-32-be", "punycode", "big5"])
    | st.text(max_size=12),
)
def test_what_was_decoded_can_be_stored(content, charset):
    decode(content, charset)[0].encode("utf-8")
