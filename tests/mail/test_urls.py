"""URLs out of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.urls import canonical_all, hosts, in_text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see http://a.example/x, or (https://b.example/y).", ["http://a.example/x", "https://b.example/y"]),
        ("<http://a.example/x>", ["http://a.example/x"]),
        ("http://a.example/wiki/X_(y) is", ["http://a.example/wiki/X_(y)"]),
        ("go to www.a.example now", ["www.a.example"]),
        ("hxxp://a[.]example/x!", ["hxxp://a[.]example/x"]),
        ("hxxps[://]a[.]example/x", ["hxxps[://]a[.]example/x"]),
        ("HTTP://A.EXAMPLE", ["HTTP://A.EXAMPLE"]),
        ("a.example has none", []),
        ("http://", []),
        ("mailto:x@a.example", []),
    ],
)
def test_they_are_found_as_readers_find_them(text, found):
    assert in_text(text) == found


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("hxxp://a[.]example/x", "http://a.example/x"),
        ("www.a.example", "http://www.a.example/"),
        ("//a.example/x", "http://a.example/x"),
        ("http://a.exa\nmple/x", "http://a.example/x"),
        ("http://%61.example/", "http://a.example/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://198.51.100.7:8080/x", "http://198.51.100.7:8080/x"),
        ("http://0xc6336407/", "http://198.51.100.7/"),
    ],
)
def test_they_are_kept_as_browsers_read_them(text, url):
    assert canonical_all([text], 10) == ([url], False)


@pytest.mark.parametrize(
    "text", ["", "javascript:alert(1)", "http://", "http://localhost/", "http://127.0.0.1/", "ldap://a.example/", "/x"]
)
def test_what_leads_nowhere_on_the_public_internet_is_left_out(text):
    assert canonical_all([text], 10) == ([], False)


def test_each_once_and_at_most_so_many():
    found = [f"http://a.example/{n % 5}" for n in range(20)]
    assert canonical_all(found, 5) == ([f"http://a.example/{n}" for n in range(5)], False)
    assert canonical_all(found, 4)[1]


def test_hosts_are_each_told_once():
    assert hosts(["http://a.example/x", "http://a.example/y", "http://[2001:db8::1]/"]) == ["a.example", "2001:db8::1"]


@given(st.text(max_size=300))
def test_no_text_raises(text):
    canonical_all([*in_text(text), text], 10)


def test_a_text_without_end_is_read_in_no_time():
    in_text("http://" * 100_000)
    in_text("www." * 100_000 + "((((" * 100_000)
