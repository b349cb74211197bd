"""What is known, asked: by suffix, AS and address; and what is sifted out of a look-up."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.address import BITS4, BITS6
from tipd.model.canonical.bogon import is_bogon
from tipd.modules.fastflux.knowledge.entry import Entry, Kind
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import PRIVATE, SINKHOLE, Look

SHIPPED = Knowledge.load()


def packed(*texts: str) -> bytes:
    return b"".join(sorted(ipaddress.ip_address(text).packed for text in texts))


def of(kind: Kind, **keys) -> Knowledge:
    return Knowledge([(kind, Entry(reason="made for the test", **keys))])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("pool.ntp.org", "pool:pool.ntp.org"),
        ("0.de.pool.ntp.org", "pool:pool.ntp.org"),
        ("xpool.ntp.org", None),
        ("ntp.org", None),
        ("example.org", None),
    ],
)
def test_names_are_known_by_whole_labels(name, label) -> None:
    fact = SHIPPED.of_name(name)
    assert (fact.label if fact else None) == label


def test_chain_ends_servers_and_asns() -> None:
    assert SHIPPED.of_cname("e1.a.akamaiedge.net").kind is Kind.CDN
    assert SHIPPED.of_cname("") is None
    assert SHIPPED.of_server("ns1.sedoparking.com").kind is Kind.PARKING
    assert SHIPPED.of_asn(13335).reason == "Cloudflare"
    assert SHIPPED.of_asn(64500) is None


def test_the_longest_suffix_and_the_narrowest_network_hold() -> None:
    known = Knowledge(
        [
            (Kind.CDN, Entry(name=("example.net",), network=("192.0.2.0/24",), reason="wide")),
            (Kind.SINKHOLE, Entry(name=("a.example.net",), network=("192.0.2.128/25",), reason="narrow")),
        ]
    )
    assert known.of_name("x.a.example.net").reason == "narrow"
    assert known.of_name("x.b.example.net").reason == "wide"
    assert known.of_address(packed("192.0.2.127")).reason == "wide"
    assert known.of_address(packed("192.0.2.128")).reason == "narrow"
    assert known.of_address(packed("192.0.3.0")) is None


def test_the_operators_word_is_the_last() -> None:
    known = Knowledge([(Kind.CDN, Entry(asn=(1,), reason="shipped")), (Kind.POOL, Entry(asn=(1,), reason="ours"))])
    assert known.of_asn(1).reason == "ours"


@given(st.integers(0, 2**32 - 1))
def test_private_addresses_are_those_that_no_list_may_block(number) -> None:
    fact = SHIPPED.of_address(number.to_bytes(4))
    assert (fact is not None and fact.kind is Kind.PRIVATE) == is_bogon(BITS4, number)


@given(st.integers(0, 2**128 - 1))
def test_the_same_of_ipv6(number) -> None:
    fact = SHIPPED.of_address(number.to_bytes(16))
    assert (fact is not None and fact.kind is Kind.PRIVATE) == is_bogon(BITS6, number)


@pytest.mark.parametrize("text", ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"])
def test_documentation_addresses_are_ordinary(text) -> None:
    assert SHIPPED.of_address(packed(text)) is None


def test_what_counts_for_no_feature_is_sifted_out() -> None:
    look = Look(1.0, addresses=packed("10.0.0.1", "192.0.2.1", "199.2.137.9"), asns=(0, 64500, 64501))
    sifted = SHIPPED.sift(look)
    assert (sifted.addresses, sifted.asns) == (packed("192.0.2.1"), (64500,))
    assert sifted.barred == PRIVATE | SINKHOLE


def test_ipv6_is_sifted_too() -> None:
    look = Look(1.0, addresses=packed("192.0.2.1"), addresses6=packed("fe80::1", "2001:db8::1"))
    sifted = SHIPPED.sift(look)
    assert (sifted.addresses, sifted.asns) == (look.addresses, ())
    assert (sifted.addresses6, sifted.barred) == (packed("2001:db8::1"), PRIVATE)


def test_an_ordinary_look_up_stays_the_same_one() -> None:
    look = Look(1.0, addresses=packed("192.0.2.1", "203.0.113.1"))
    assert SHIPPED.sift(look) is look
    assert Knowledge().sift(look) is look


def history(*texts: str, asns: tuple[int, ...] = (), cname: str = "") -> History:
    found = History()
    found.add(Look(1.0, addresses=packed(*texts), asns=asns, cname=cname))
    return found


def test_a_name_is_known_by_all_it_leads_to() -> None:
    known = Knowledge(
        [
            (Kind.POOL, Entry(name=("pool.example",), reason="a")),
            (Kind.CDN, Entry(cname=("cdn.example",), asn=(64500,), reason="b")),
            (Kind.PARKING, Entry(ns=("parking.example",), reason="c")),
        ]
    )
    found = history("192.0.2.1", "192.0.2.2", asns=(64500, 64500), cname="x.cdn.example")
    labels = known.known("0.pool.example", found, ["ns1.parking.example", "ns.example"])
    assert labels == ("pool:pool.example", "parking:parking.example", "cdn:cdn.example", "cdn:AS64500")


def test_one_address_elsewhere_is_enough_not_to_be_a_cdn() -> None:
    known = of(Kind.CDN, asn=(64500,))
    assert known.known("example.org", history("192.0.2.1", "192.0.2.2", asns=(64500, 64501))) == ()
    assert known.known("example.org", history("192.0.2.1", "192.0.2.2", asns=(64500, 0))) == ()
    assert known.known("example.org", History()) == ()


def test_a_cdn_by_its_networks() -> None:
    known = of(Kind.CDN, network=("192.0.2.0/24",))
    assert known.known("example.org", history("192.0.2.1", "192.0.2.2")) == ("cdn:192.0.2.0/24",)
    assert known.known("example.org", history("192.0.2.1", "198.51.100.2")) == ()


def test_a_few_addresses_in_many_other_ases_are_no_cdn() -> None:
    known = of(Kind.CDN, asn=(64500,))
    texts = [f"192.0.2.{number}" for number in range(100)]
    two = [64500] * 98 + [64501, 64502]
    assert known.known("example.org", history(*texts, asns=tuple(two))) == ("cdn:AS64500",)
    three = [64500] * 97 + [64501, 64502, 64503]
    assert known.known("example.org", history(*texts, asns=tuple(three))) == ()


def test_a_chain_that_sometimes_ends_elsewhere_is_not_known() -> None:
    known = of(Kind.CDN, cname=("cdn.example",))
    found = history("192.0.2.1", cname="x.cdn.example")
    assert known.known("example.org", found) == ("cdn:cdn.example",)
    found.add(Look(400.0, addresses=packed("192.0.2.2"), cname="y.other.example"))
    assert known.known("example.org", found) == ()
    found.add(Look(90_000.0, addresses=packed("192.0.2.2"), cname="y.cdn.example"))
    assert known.known("example.org", found) == ("cdn:cdn.example",)
    found.add(Look(90_300.0, addresses=packed("192.0.2.2")))
    assert known.known("example.org", found) == ()
