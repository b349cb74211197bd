"""URLs."""

import re
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipd.model.canonical import url as url_room
from tipd.model.canonical.url import canonical_url, host_of
from tipd.model.indicator import RefusedValue


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTP://EXAMPLE.org", "http://example.org/"),
        ("https://example.org:443/%7ea/./b/../c", "https://example.org/%7ea/c"),
        ("http://0300.0.2.1/", "http://192.0.2.1/"),
        ("http://[2001:DB8::0:1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://[::ffff:c000:201]/", "http://192.0.2.1/"),
        ("ftp://user:pass@example.org/x y", "ftp://user:pass@example.org/x%20y"),
        ("http://b\u00fccher.example./", "http://xn--bcher-kva.example/"),
        ("http:\\\\example.org\\a", "http://example.org/a"),
        ("http://exa\tmple.org/\n", "http://example.org/"),
    ],
)
def test_forms(text, url):
    assert canonical_url(text) == url
    assert canonical_url(url) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://", "malformed"),
        ("gopher://example.org/", "malformed"),
        ("http://example.org:99999/", "malformed"),
        ("http://256.1.1.1/", "malformed"),
        ("http://a..b.example/", "malformed"),
        ("http://example.org/" + "x" * 9000, "too_long"),
        ("http://192.168.0.1/", "bogon"),
        ("http://2130706433/", "bogon"),
        ("http://[fe80::1]/", "bogon"),
        ("http://localhost/", "localhost"),
        ("http://printer/", "public_suffix"),
    ],
)
def test_refused(text, reason):
    with pytest.raises(RefusedValue) as caught:
        canonical_url(text)
    assert caught.value.reason == reason


@given(st.text(max_size=50), st.text(max_size=30))
def test_once_is_enough(path, host):
    for text in (f"http://example.org/{path}", f"https://{host}.example.org/{path}", f"http://{host}/"):
        try:
            url = canonical_url(text)
        except RefusedValue:
            continue
        assert canonical_url(url) == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://a.example.org:8080/x", "a.example.org"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
        ("http://192.0.2.1/", "192.0.2.1"),
    ],
)
def test_the_host(url, host):
    assert host_of(url) == host


safe = st.text(alphabet="abzA09_~!$&()*+,;=:@./-%?#[]|^\\ '\"", max_size=25)
label = st.text(alphabet="abz09-_", max_size=6) | st.sampled_from(["xn--p1ai", "a" * 63, "a" * 64])


@settings(max_examples=500)
@given(
    st.sampled_from(["http", "https", "HTTP", "ftp"]),
    st.lists(label, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["org", "com", "0x1", "1", "xn--p1ai"]),
    st.sampled_from(["", ":80", ":443", ":8080", ":99999", ":0", ":080"]),
    safe,
)
def test_the_quick_way_agrees_with_the_standard(scheme, host, top, port, rest):
    text = f"{scheme}://{host}.{top}{port}/{rest}"

    def outcome():
        try:
            return canonical_url(text, poison=False)
        except RefusedValue as refusal:
            return refusal.reason

    quick = outcome()
    with mock.patch.object(url_room, "_PLAIN", re.compile(r"(?!)")):
        assert outcome() == quick


def test_plain_urls_go_the_quick_way():
    for url in ("http://a.example/", "https://a-b.example.org:8443/x/y.php?a=b%20&c=/../", "http://a.example//x"):
        assert url_room._PLAIN.match(url), url
    for url in (
        "http://a.example",
        "http://a.example/./x",
        "http://a.example/..",
        "http://a.example/%2e%2e/",
        "http://A.example/",
    ):
        assert not url_room._PLAIN.match(url), url
