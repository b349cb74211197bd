"""URLs out of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.urls import addresses_in, canonical_all, hosts, in_markup, in_text


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
        ("http://a.example/(x), [http://b.example/y]", ["http://a.example/(x)", "http://b.example/y"]),
        ("WWW.a.example and Www.b.example, not xwww.c.example", ["WWW.a.example", "Www.b.example"]),
        ("//a.example/x", []),
        ("see //http://a.example/x", ["http://a.example/x"]),
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


def test_hosts_are_each_told_once_with_their_registrable_domains():
    found = [
        "http://a.example/x",
        "http://a.example/y",
        "http://[2001:db8::1]/",
        "http://u:p@b.c.example:81/",
        "http://198.51.100.7/",
    ]
    assert hosts(found) == ["a.example", "2001:db8::1", "b.c.example", "c.example", "198.51.100.7"]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("https://r.example/?to=https%3A%2F%2Fb.example%2Fx%3Fy&z=1", "https://b.example/x?y"),
        ("https://r.example/http://b.example/x", "http://b.example/x"),
        ("https://r.example/?to=https%253A%252F%252Fb.example%252F", "https://b.example/"),
    ],
)
def test_what_a_url_hands_on_is_followed(text, urls):
    assert canonical_all([text], 10)[0] == [text, urls]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<style>p { background: url(http://a.example/b.png) }</style>", ["http://a.example/b.png"]),
        ("<!--[if mso]><a href='http://a.example/x'>", ["http://a.example/x"]),
        ('<a href="http://a.example/?a=1&amp;b={c}">', ["http://a.example/?a=1&b={c}"]),
        ('<p style="x: url(&quot;http://a.example/y&quot;)">', ["http://a.example/y"]),
        ("<img srcset='http://a.example/1 1x, HTTP://a.example/2 2x'>", ["http://a.example/1", "HTTP://a.example/2"]),
        ("<a href='//a.example/x'>", []),
    ],
)
def test_markup_is_searched_as_it_stands(html, found):
    assert in_markup(html) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to A.b+c@Example.org, or <x@y.example>", ["a.b+c@example.org", "x@y.example"]),
        ("a@b, @c.example, d@e.1 f@g.example-h", []),
        ("a@example.org a@EXAMPLE.ORG", ["a@example.org"]),
        ("mail@example.org.", ["mail@example.org"]),
    ],
)
def test_mail_addresses_are_found_in_text(text, found):
    assert addresses_in(text, 10) == found


def test_there_are_at_most_so_many_addresses():
    assert len(addresses_in(" ".join(f"a{n}@example.org" for n in range(50)), 7)) == 7


@given(st.text(max_size=300))
def test_no_text_raises(text):
    canonical_all([*in_text(text), text], 10)


def test_a_text_without_end_is_read_in_no_time():
    in_text("http://" * 100_000)
    in_text("www." * 100_000 + "((((" * 100_000)
