from hypothesis import example, given
from hypothesis import strategies as st

from tipd.model.canonical import canonical
from tipd.model.canonical.url import host_of as reference_host
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind
from tipd.store.lookup.quick import host_of, quick, quick_url

HOSTS = st.sampled_from(
    ["example.org", "xn--a.example", "a_b.example.org", "1.2.3.4", "0x1.org", "a.0x1", "a.b-", "A.b", "["]
)
PATHS = st.text("abZ019./%?&=-_~#+ \\'\"", max_size=15)
URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp"]),
    HOSTS,
    st.sampled_from(["", "/", ":80/", "."]),
    PATHS,
)
SIX = st.ip_addresses(v=6).map(str) | st.lists(st.text("0123456789abcdefA", max_size=4), min_size=2, max_size=9).map(
    ":".join
)
HASHES = st.integers(30, 66).flatmap(lambda size: st.text("0123456789abcdefA", min_size=size, max_size=size))


@given(st.one_of(URLS, SIX, HASHES, st.text(max_size=40)))
@example("http://example.org/")
@example("http://example.org/a/../b")
@example("http://example.org/a/./b")
@example("http://example.org/a//b")
@example("::ffff:192.0.2.1")
@example("::1.2.3.4")
@example("1:2::3.4.5.6")
@example("http://example.org/?a=b/../c")
def test_what_is_quick_is_canonical(text: str) -> None:
    found = quick(text)
    if found is not None:
        assert found == canonical(text, poison=False)
        assert found.value == text
    host = quick_url(text)
    if host is not None:
        assert text.isascii()
        assert canonical(text, poison=False) == Indicator(Kind.URL, text)
        assert text[slice(*host)] == reference_host(text)


def test_the_usual_is_quick() -> None:
    assert quick_url("http://www.example.org/a/b.html?c=d&e=1") == (7, 22)
    assert quick("2001:db8::1") == Indicator(Kind.IPV6, "2001:db8::1")
    assert quick("a" * 32) == Indicator(Kind.MD5, "a" * 32)
    assert quick("b" * 40) == Indicator(Kind.SHA1, "b" * 40)
    assert quick("c" * 64) == Indicator(Kind.SHA256, "c" * 64)
    assert quick("c" * 41) is None


@given(
    URLS | st.sampled_from(["http://u:p@example.org:8080/x@y:z", "https://[2001:db8::1]:443/", "http://192.0.2.1?a"])
)
def test_the_host_of_a_canonical_url(text: str) -> None:
    try:
        value = canonical(text, Kind.URL, poison=False).value
    except RefusedValue:
        return
    assert host_of(value) == reference_host(value)
