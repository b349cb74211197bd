"""Undoing defanged addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.refang import MOST_FOR_ONE, loosely, refang


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hxxp://a[.]example[dot]org", "http://a.example.org"),
        ("hXXps://a.example.org", "https://a.example.org"),
        ("h**p[:]//a.example.org", "http://a.example.org"),
        ("fxp://a.example.org", "ftp://a.example.org"),
        ("hxxps[://]a{.}example(DOT)org", "https://a.example.org"),
        ("someone[at]example[.]org", "someone@example.org"),
        ("198.51.100[.]7[:]443", "198.51.100.7:443"),
        (r"a\.example\.org", "a.example.org"),
        ("a[[.]]example.org", "a.example.org"),
        ("http://example.org/plain?(x)=[y]", "http://example.org/plain?(x)=[y]"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
    ],
)
def test_marks(text: str, expected: str) -> None:
    assert refang(text) == expected


@given(st.lists(st.sampled_from([".", "[.]", "(.)", "{ dot }", r"\.", "(punto)"]), min_size=3, max_size=3))
def test_what_is_undone_is_also_sought(dots: list[str]) -> None:
    text = "192{}0{}2{}1".format(*dots)
    assert refang(text) == "192.0.2.1"
    assert re.fullmatch(loosely("192.0.2.1"), text)
    assert len(text) <= MOST_FOR_ONE * len("192.0.2.1")


@given(st.text(alphabet="[](){}.:/@hxtpsdo*\\ ", max_size=30))
def test_twice_is_once(text: str) -> None:
    assert refang(refang(text)) == refang(text)
