"""What is known of relays and hosts, by suffix and by network."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.spamtrap.knowledge.entry import Entry, Kind
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge, spells

NETWORKS = ("192.0.2.0/25", "192.0.2.64/26", "192.0.2.128/26", "198.51.100.0/24", "2001:db8::/48")
KNOWN = Knowledge(
    [
        (Kind.RELAY, Entry(name=("big.example",), domain=("mail.example",), network=NETWORKS, reason="x")),
        (Kind.SHARED, Entry(host=("pages.example",), reason="x")),
        (Kind.COMMON, Entry(host=("schemas.pages.example",), reason="x")),
    ]
)


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("pages.example", Kind.SHARED),
        ("a.pages.example", Kind.SHARED),
        ("*.pages.example", Kind.SHARED),
        ("x.schemas.pages.example", Kind.COMMON),
        ("otherpages.example", None),
        ("example", None),
        ("", None),
    ],
)
def test_hosts_by_their_longest_suffix(host, kind):
    assert KNOWN.of_host(host) is kind


def test_the_operators_word_holds():
    later = Knowledge(
        [(Kind.SHARED, Entry(host=("a.example",), reason="x")), (Kind.COMMON, Entry(host=("a.example",), reason="x"))]
    )
    assert later.of_host("a.example") is Kind.COMMON


@given(st.integers(0, 2**32 - 1) | st.integers(0xC0000180, 0xC0000380) | st.integers(0xC6336380, 0xC6336600))
def test_networks_hold_exactly_their_addresses(number):
    address = ipaddress.ip_address(number)
    inside = any(address in ipaddress.ip_network(text) for text in NETWORKS[:-1])
    assert KNOWN.is_provider(str(address), "") is inside


def test_addresses_of_the_other_family():
    assert KNOWN.is_provider("2001:db8::9", "") and not KNOWN.is_provider("2001:db8:1::9", "")
    assert not KNOWN.is_provider("nonsense", "") and not Knowledge().is_provider("192.0.2.1", "")


def test_names_count_below_a_suffix_unless_they_spell_the_address():
    assert KNOWN.is_provider("203.0.113.7", "OUT1.big.example.")
    assert not KNOWN.is_provider("203.0.113.7", "out1.notbig.example")
    assert not KNOWN.is_provider("203.0.113.7", "cust-203-0-113-7.big.example")
    assert KNOWN.is_provider("203.0.113.7", "", "mail.example") and not KNOWN.is_provider(
        "203.0.113.7", "", "a.mail.example"
    )


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("c-203-0-113-77.hsd1.example", True),
        ("77.113.0.203.dyn.example", True),
        ("host203000113077.example", True),
        ("cb00714d.ipt.example", True),
        ("resqmta-c1p-023460.sys.example", False),
        ("mail-77.example", False),
        ("mx1.example", False),
    ],
)
def test_names_of_customers_lines(name, spelt):
    assert spells(name, "203.0.113.77") is spelt and not spells(name, "2001:db8::1")
