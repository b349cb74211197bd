"""Hops and the relay at the trust boundary."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.received import hop, relay
from tipd.mail.record import Hop, Relay

POSTFIX = (
    "from mail.example.net (relay.example.net [198.51.100.7]) by mx1.example.org (Postfix) with ESMTPS id 4F2 "
    "for <trap@example.org>; Mon, 1 Jan 2024 10:00:00 +0100 (CET)"
)
EXIM = (
    "from [203.0.113.9] (helo=friend.example) by mx1.example.org with esmtp (Exim 4.96) id 1r; "
    "Mon, 1 Jan 2024 10:00:00 +0000"
)
OUTLOOK = (
    "from DB8.example.com (2001:db8:10:130::24) by SJ0.example.com (2001:db8:a03::19) with SMTP; "
    "Fri, 8 Sep 2023 05:47:04 +0000"
)
LOCAL = "by mx1.example.org (Postfix, from userid 500) id D66B; Tue, 23 Jul 2002 12:34:15 -0400 (EDT)"
INNER = "from localhost (localhost [127.0.0.1]) by mx1.example.org (Postfix) with ESMTP; Mon, 1 Jan 2024 10:00:00 +0000"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            POSTFIX,
            Hop(
                by="mx1.example.org",
                from_="relay.example.net",
                helo="mail.example.net",
                address="198.51.100.7",
                at="2024-01-01T09:00:00Z",
            ),
        ),
        (
            EXIM,
            Hop(
                by="mx1.example.org",
                from_="[203.0.113.9]".strip("[]"),
                helo="friend.example",
                address="203.0.113.9",
                at="2024-01-01T10:00:00Z",
            ),
        ),
        (
            OUTLOOK,
            Hop(
                by="sj0.example.com",
                from_="db8.example.com",
                helo="db8.example.com",
                address="2001:db8:10:130::24",
                at="2023-09-08T05:47:04Z",
            ),
        ),
        (LOCAL, Hop(by="mx1.example.org", at="2002-07-23T16:34:15Z")),
        ("", Hop()),
        ("from [999.1.1.1] by x", Hop(by="x", from_="999.1.1.1", helo="999.1.1.1")),
        ("from a ([IPv6:::ffff:198.51.100.7]) by x", Hop(by="x", from_="a", helo="a", address="198.51.100.7")),
    ],
)
def test_what_mail_servers_write_is_read(value, found):
    assert hop(value) == found


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("from [203.0.113.5] (unknown [198.51.100.7]) by mx1.example.org; x", "198.51.100.7"),
        ("from unknown (HELO [203.0.113.5]) (198.51.100.7) by mx1.example.org; x", "198.51.100.7"),
        ("from [198.51.100.7] (helo=[203.0.113.5]) by mx1.example.org; x", "198.51.100.7"),
        ("from a.example ([198.51.100.7]:2525 helo=[203.0.113.5]) by mx1.example.org; x", "198.51.100.7"),
        ("from 203.0.113.5 (EHLO 203.0.113.5) (198.51.100.7) by mx1.example.org; x", "198.51.100.7"),
        ("from mail.example.net [198.51.100.7] by localhost with IMAP (fetchmail); x", "198.51.100.7"),
        ("(qmail 7 invoked from network); x", ""),
        ("by mx1.example.org (Postfix, from userid 203); x", ""),
    ],
)
def test_the_address_is_what_our_host_saw_not_what_the_sender_called_himself(value, address):
    assert hop(value).address == address


def test_nobody_vouches_for_what_stands_below_a_field_without_an_address():
    vague = hop("from mail.example.net by mx1.example.org; x")
    assert relay([vague, hop(POSTFIX)], ()) is None
    handed_on = hop("from mx1.example.org by mx1.example.org with LMTP; x")
    assert relay([handed_on, hop(POSTFIX)], ()) is not None


def test_the_relay_is_whom_our_outermost_host_took_it_from():
    hops = [hop(INNER), hop(LOCAL), hop(POSTFIX), hop(EXIM)]
    assert relay(hops, ()) == Relay(address="198.51.100.7", name="relay.example.net", helo="mail.example.net")
    own = [ipaddress.ip_network("198.51.100.0/24")]
    assert relay(hops, own) == Relay(address="203.0.113.9", name="203.0.113.9", helo="friend.example")
    assert relay([hop(INNER), hop(LOCAL)], ()) is None
    assert relay([], ()) is None


@given(st.text(max_size=500))
def test_no_text_raises(text):
    found = hop(text)
    relay([found], ())
    assert not found.address or ipaddress.ip_address(found.address)


def test_a_field_without_end_is_read_in_no_time():
    assert hop("from " + "(" * 1_000_000).address == ""
    assert hop("by " * 300_000).at == ""


@pytest.mark.parametrize(
    ("field", "name", "helo"),
    [
        (
            "from out1.big.example (out1.big.example [198.51.100.9]) by mx (Postfix) with ESMTPS id 1",
            "out1.big.example",
            "",
        ),
        (
            "from me.example (out1.big.example [198.51.100.9]) by mx (Postfix) with ESMTPS id 1",
            "out1.big.example",
            "me.example",
        ),
        ("from out1.big.example (unknown [198.51.100.9]) by mx (Postfix) with ESMTPS id 1", "", "out1.big.example"),
        ("from out1.big.example ([198.51.100.9]) by mx", "", "out1.big.example"),
    ],
)
def test_a_name_is_the_hosts_own_word_or_the_senders(field, name, helo):
    assert relay([hop(f"{field}; Sun, 22 Nov 2026 04:00:00 +0000")], ()) == Relay(
        address="198.51.100.9", name=name, helo=helo
    )
