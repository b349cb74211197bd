"""Any text to canonical indicators."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tipd.model.canonical import canonical, read
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind

TAKEN = [
    ("192.0.2.1", "ipv4", "192.0.2.1"),
    ("  198.51.100.7\r\n", "ipv4", "198.51.100.7"),
    ("192.0.2[.]1", "ipv4", "192.0.2.1"),
    ("192.0.2.1/32", "ipv4", "192.0.2.1"),
    ("192.0.2.1:8080", "ipv4", "192.0.2.1"),
    ("::ffff:192.0.2.1", "ipv4", "192.0.2.1"),
    ("2001:DB8:0:0:0:0:0:1", "ipv6", "2001:db8::1"),
    ("2001:db8:0:1:1:1:1:1", "ipv6", "2001:db8:0:1:1:1:1:1"),  # RFC 5952 4.2.2: one zero field is not shortened
    ("2001:0:0:1:0:0:0:1", None, "bogon"),
    ("2001:db8::/128", "ipv6", "2001:db8::"),
    ("[2001:db8::1]:443", "ipv6", "2001:db8::1"),
    ("[2001:db8::1]", "ipv6", "2001:db8::1"),
    ("192.0.2.77/24", "network", "192.0.2.0/24"),
    ("192.0.2.0/255.255.255.0", "network", "192.0.2.0/24"),
    ("::ffff:192.0.2.0/120", "network", "192.0.2.0/24"),
    ("2001:db8:ffff::1/32", "network", "2001:db8::/32"),
    ("192.0.2.0-192.0.2.255", "network", "192.0.2.0/24"),
    ("Example.ORG.", "domain", "example.org"),
    ("*.bad.example.org", "domain", "bad.example.org"),
    ("bad[.]example(.)org", "domain", "bad.example.org"),
    ("bad[dot]example.org:443", "domain", "bad.example.org"),
    ("_dmarc.a_b.example.org", "domain", "_dmarc.a_b.example.org"),
    ("bücher.example", "domain", "xn--bcher-kva.example"),
    ("faß.example", "domain", "xn--fa-hia.example"),
    ("☃.example", "domain", "xn--n3h.example"),
    ("XN--BCHER-KVA.example", "domain", "xn--bcher-kva.example"),
    ("hxxp://bad[.]example.org/a", "url", "http://bad.example.org/a"),
    ("hXXps[://]bad.example.org", "url", "https://bad.example.org/"),
    ("HTTP://Example.org:80/a/../b?q#f", "url", "http://example.org/b?q#f"),
    ("http://0xC0.0.2.1/x", "url", "http://192.0.2.1/x"),
    ("http://[::ffff:192.0.2.1]/", "url", "http://192.0.2.1/"),
    ("http://example.org./", "url", "http://example.org/"),
    ("example.org/path", "url", "http://example.org/path"),
    ("192.0.2.1/x.exe", "url", "http://192.0.2.1/x.exe"),
    ("https://github.io/page", "url", "https://github.io/page"),
    ("Some.One@Example.ORG", "email", "Some.One@example.org"),
    ("AS64500", "asn", "AS64500"),
    ("asn 64500", "asn", "AS64500"),
    ("AS1.10", "asn", "AS65546"),
    ("AS1.100", None, "bogon"),
    ("AS3.10", "asn", "AS196618"),
    ("0123456789ABCDEF0123456789ABCDEF", "md5", "0123456789abcdef0123456789abcdef"),
    ("0123456789abcdef0123456789abcdef01234567", "sha1", "0123456789abcdef0123456789abcdef01234567"),
    ("01" * 32, "sha256", "01" * 32),
    ("", None, "empty"),
    (" . ", None, "empty"),
    ("192.0.2.256", None, "malformed"),
    ("192.0.02.1", None, "malformed"),
    ("192.0.2", None, "malformed"),
    ("192.0.2.1:0", None, "malformed"),
    ("192.0.2.1:99999", None, "malformed"),
    ("192.0.2.0/33", None, "malformed"),
    ("192.0.2.0/255.0.255.0", None, "malformed"),
    ("192.0.2.9-192.0.2.1", None, "malformed"),
    ("2001:db8::1%eth0", None, "malformed"),
    ("2001:db8:::1", None, "malformed"),
    ("exa mple.org", None, "malformed"),
    ("example..org", None, "malformed"),
    ("a\0b.example.org", None, "malformed"),
    ("<html>", None, "public_suffix"),
    ("----", None, "malformed"),
    ("javascript://x", None, "malformed"),
    ("x" * 64 + ".example.org", None, "malformed"),
    ("a." * 130 + "org", None, "too_long"),
    ("x" * 9000, None, "too_long"),
    ("127.0.0.1", None, "bogon"),
    ("10.1.2.3", None, "bogon"),
    ("255.255.255.255", None, "bogon"),
    ("64:ff9b::1", None, "bogon"),
    ("fe80::1", None, "bogon"),
    ("::1", None, "bogon"),
    ("http://10.0.0.1/", None, "bogon"),
    ("http://[::1]/", None, "bogon"),
    ("0.0.0.0/0", None, "too_wide"),
    ("128.0.0.0/7", None, "too_wide"),
    ("44.0.0.0/8", "network", "44.0.0.0/8"),
    ("2400::/18", None, "too_wide"),
    ("2400::/19", "network", "2400::/19"),
    ("172.0.0.0/8", None, "bogon"),  # holds 172.16.0.0/12
    ("192.168.1.0/24", None, "bogon"),
    ("com", None, "public_suffix"),
    ("co.uk", None, "public_suffix"),
    ("github.io", None, "public_suffix"),
    ("someone.github.io", "domain", "someone.github.io"),
    ("anything.ck", None, "public_suffix"),
    ("www.ck", "domain", "www.ck"),
    ("localhost", None, "localhost"),
    ("foo.localhost", None, "localhost"),
    ("localhost.localdomain", None, "localhost"),
    ("printer.local", None, "localhost"),
    ("http://localhost:8080/", None, "localhost"),
    ("root@localhost", None, "localhost"),
    ("AS65535", None, "bogon"),
    ("d41d8cd98f00b204e9800998ecf8427e", None, "bogon"),
]


@pytest.mark.parametrize(("text", "kind", "expected"), TAKEN)
def test_read_by_its_marks(text: str, kind: str | None, expected: str) -> None:
    if kind is None:
        with pytest.raises(RefusedValue) as caught:
            canonical(text)
        assert caught.value.reason == expected
    else:
        assert canonical(text) == Indicator(Kind(kind), expected)


def test_the_port_is_kept_aside() -> None:
    assert read("192.0.2.1:8080").port == 8080
    assert read("[2001:db8::1]:443").port == 443
    assert read("c2.example.org:6667").port == 6667
    assert read("192.0.2.1").port is None


def test_a_range_becomes_the_fewest_networks() -> None:
    found = read("192.0.2.1 - 192.0.2.6").indicators
    assert [indicator.value for indicator in found] == ["192.0.2.1", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6"]
    assert read("2001:db8::-2001:db8::ff").indicators == (Indicator(Kind.NETWORK, "2001:db8::/120"),)


def test_a_range_with_poison_in_it_is_refused_whole() -> None:
    with pytest.raises(RefusedValue, match="bogon"):
        read("9.255.255.0-10.0.0.5")
    with pytest.raises(RefusedValue, match="malformed"):
        read("192.0.2.1-2001:db8::1")
    with pytest.raises(RefusedValue, match="malformed"):
        canonical("192.0.2.1-192.0.2.6")


def test_one_kind_decides_how_the_text_is_read() -> None:
    assert canonical("64500", Kind.ASN) == Indicator(Kind.ASN, "AS64500")
    assert canonical("example.org", Kind.URL) == Indicator(Kind.URL, "http://example.org/")
    digest = "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67"
    assert canonical(digest, Kind.CERT_SHA1) == Indicator(Kind.CERT_SHA1, digest.replace(":", ""))
    assert canonical(digest).kind is Kind.SHA1
    both = frozenset({Kind.CERT_SHA1, Kind.IPV4})
    assert read(digest.replace(":", ""), both).indicators[0].kind is Kind.CERT_SHA1


def test_a_network_list_takes_addresses_and_no_other_list_takes_strangers() -> None:
    assert canonical("192.0.2.1/32", Kind.NETWORK).kind is Kind.IPV4
    for text, kind in [
        ("example.org", Kind.IPV4),
        ("192.0.2.1", Kind.DOMAIN),
        ("192.0.2.0/24", Kind.IPV4),
        ("01" * 20, Kind.MD5),
    ]:
        with pytest.raises(RefusedValue, match="wrong_kind"):
            canonical(text, kind)


def test_poison_can_be_asked_for() -> None:
    for text, value in [("127.0.0.1", "127.0.0.1"), ("0.0.0.0/0", "0.0.0.0/0"), ("co.uk", "co.uk"), ("::", "::")]:
        assert canonical(text, poison=False).value == value
    assert canonical("http://localhost/", poison=False).value == "http://localhost/"
    assert canonical("::1.2.3.4", poison=False).value == "::102:304"


REASONS = ["malformed", "empty", "too_long", "too_wide", "bogon", "public_suffix", "localhost", "wrong_kind"]
hosts = st.from_regex(r"[a-zA-Z0-9_\-.äß。☃]{1,20}\.(org|com|example|xn--p1ai)\.?", fullmatch=True)
urls = st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["http", "https", "hxxp", "FTP"]),
    hosts,
    st.sampled_from(["", ":80", ":8443"]),
    st.text(max_size=20),
)
addresses = st.one_of(st.ip_addresses(), st.ip_addresses(network="2001:db8::/32"), st.ip_addresses(v=4)).map(str)
networks = st.builds("{}/{}".format, addresses, st.integers(0, 130))
anything = st.one_of(
    st.text(max_size=60), hosts, urls, addresses, networks, st.builds("{}-{}".format, addresses, addresses), st.emails()
)


@given(anything, st.sampled_from([None, *Kind]), st.booleans())
@example("http://example.org/[[.].]", None, True)
@example("http://example.org./a b\t#\x7f", None, True)
def test_never_anything_but_a_refusal_and_idempotent(text: str, kind: Kind | None, poison: bool) -> None:
    try:
        found = read(text, frozenset(Kind) if kind is None else frozenset({kind}), poison=poison).indicators
    except RefusedValue as refusal:
        assert refusal.reason in REASONS
        return
    for indicator in found:
        indicator.value.encode()
        assert "\0" not in indicator.value
        asked = indicator.kind if indicator.kind in {Kind.CERT_SHA1, Kind.CERT_SHA256} else None
        assert canonical(indicator.value, asked, poison=poison) == indicator


@given(anything)
def test_surrounding_blanks_do_not_matter(text: str) -> None:
    def outcome(value: str) -> object:
        try:
            return read(value)
        except RefusedValue as refusal:
            return refusal.reason

    assert outcome(text) == outcome(f" \t{text} \n")
