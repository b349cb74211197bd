"""URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
