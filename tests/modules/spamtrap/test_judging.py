"""What counts of a mail: nobody is listed for what a spammer writes about others."""

import ipaddress
from datetime import timedelta

import pytest
from support.trapping import BEGAN, spam

from tipd.mail.context import Context
from tipd.mail.read import read
from tipd.mail.record import Auth, Dkim, Record, Relay
from tipd.modules.spamtrap.gathering import Gathering, Rules
from tipd.modules.spamtrap.judging import Ground, judge
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge

GROUND = Ground(Knowledge.load(), (ipaddress.ip_network("203.0.113.0/24"),))
RULES = Rules(source="a", now=BEGAN + timedelta(hours=6), since=BEGAN - timedelta(days=1))
SHA = "ab" * 32


def record(**said):
    said = {"relay": Relay(address="198.51.100.7"), "from_": "shop@forged.example"} | said
    return Record(sha256=SHA, at="2026-11-22T04:00:00Z", size=900, **said)


def sighted(raw, **known):
    """Return the addresses that one mail lists, the hosts it makes candidates, and why no relay was sighted."""
    artefacts = read(raw, Context(**known))
    gathering = Gathering(RULES, GROUND)
    gathering.add(artefacts.record)
    batch = gathering.batch()
    return [each.address for each in batch.sights], sorted({each.host for each in batch.urls}), dict(gathering.unseen)


def test_the_relay_at_the_trust_boundary_is_sighted_and_a_url_is_a_candidate():
    assert sighted(spam(1)) == (["198.51.100.2"], ["pay.evil.example"], {})


def test_what_stands_below_the_boundary_is_what_the_sender_wants_to_be_believed():
    forged = b"Received: from bank.example ([192.0.2.9]) by relay.example; Sun, 22 Nov 2026 03:00:00 +0000\r\n"
    raw = spam(1).replace(b"From: Shop", forged + b"From: Shop")
    assert sighted(raw)[0] == ["198.51.100.2"]


@pytest.mark.parametrize("class_", ["bounce", "auto_reply", "confirmation"])
def test_bounces_auto_replies_and_confirmations_count_for_nothing(class_):
    judged = judge(record(class_=class_, urls=("http://evil.example/",)), GROUND)
    assert (judged.counts, judged.relay, judged.links, judged.unseen) == (False, None, (), "class")


def test_a_bounce_of_a_forged_mail_lists_neither_its_host_nor_what_it_quotes():
    bounce = (
        b"Return-Path: <>\r\nReceived: from mx.victim.example (mx.victim.example [192.0.2.25]) by mx.trap.example.org;"
        b" Sun, 22 Nov 2026 04:00:00 +0000\r\nFrom: MAILER-DAEMON@victim.example\r\nTo: trap1@trap.example.org\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\n'
        b"could not be delivered: http://pay.evil.example/order/1\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.victim.example\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + spam(3)
        + b"\r\n--b--\r\n"
    )
    assert sighted(bounce) == ([], [], {"class": 1})


def test_a_forged_bank_is_a_fact_of_the_mail_and_nothing_else():
    raw = spam(1).replace(b"shop1@forged.example", b"service@bank.example.com")
    relays, hosts, _ = sighted(raw)
    assert relays == ["198.51.100.2"] and hosts == ["pay.evil.example"]


@pytest.mark.parametrize(
    ("auth", "sender"),
    [
        (None, ""),
        (Auth(spf="fail", spf_domain="forged.example"), ""),
        (Auth(dkim=(Dkim(domain="other.example", result="pass"),)), ""),
        (Auth(spf="pass", spf_domain="forged.example", aligned=True), "forged.example"),
    ],
)
def test_the_domain_of_from_counts_only_where_the_hosts_own_check_passed_for_it(auth, sender):
    assert judge(record(auth=auth), GROUND).sender == sender


def test_a_mailbox_providers_domain_is_nobodys():
    auth = Auth(spf="pass", spf_domain="gmail.com", aligned=True)
    assert judge(record(from_="someone@gmail.com", auth=auth), GROUND).sender == ""


@pytest.mark.parametrize(
    "relay",
    [
        Relay(address="209.85.221.50", name="mail-wr1-f50.google.com"),
        Relay(address="209.85.221.50"),
        Relay(address="40.107.8.99", helo="eur01.example"),
        Relay(address="198.51.100.77", name="mail-198.outbound.protection.outlook.com"),
        Relay(address="198.51.100.9", name="a8-31.smtp-out.amazonses.com"),
        Relay(address="2a00:1450:4864:20::535"),
    ],
)
def test_a_large_providers_relay_is_not_sighted(relay):
    assert judge(record(relay=relay), GROUND).unseen == "provider"


def test_what_a_sender_calls_itself_does_not_hide_it():
    forged = Relay(address="198.51.100.7", name="unknown", helo="mail-wr1-f50.google.com")
    assert judge(record(relay=forged), GROUND).relay == "198.51.100.7"


def test_a_customers_line_at_a_mailbox_provider_is_sighted():
    line = Relay(address="198.51.100.7", name="c-198-51-100-7.hsd1.ca.comcast.net")
    assert judge(record(relay=line), GROUND).relay == "198.51.100.7"
    assert judge(record(relay=Relay(address="198.51.100.7", name="resqmta-1.sys.comcast.net")), GROUND).relay is None


def test_a_relay_for_which_the_hosts_own_spf_check_of_a_provider_passed_is_the_providers():
    auth = Auth(spf="pass", spf_domain="gmail.com")
    assert judge(record(auth=auth), GROUND).unseen == "provider"
    failed = Auth(spf="softfail", spf_domain="gmail.com")
    assert judge(record(auth=failed), GROUND).relay == "198.51.100.7"


@pytest.mark.parametrize(
    ("relay", "why"),
    [
        (None, "no_relay"),
        (Relay(address="10.0.0.7"), "not_public"),
        (Relay(address="nonsense"), "not_public"),
        (Relay(address="127.0.0.1"), "not_public"),
        (Relay(address="203.0.113.9"), "own"),
    ],
)
def test_own_and_inner_addresses_are_not_sighted(relay, why):
    judged = judge(record(relay=relay), GROUND)
    assert (judged.relay, judged.unseen) == (None, why)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/TR/html4/loose.dtd",
        "http://schemas.microsoft.com/office/2004/12/omml",
        "https://fonts.googleapis.com/css?family=Roboto",
        "https://fonts.gstatic.com/s/roboto/v18.woff2",
        "https://u12345.ct.sendgrid.net/ls/click?upn=abc",
        "https://mandrillapp.com/track/click/1/evil.example?p=x",
        "https://list-manage.com/track/open.php?u=1",
        "https://eur01.safelinks.protection.outlook.com/?url=http%3A%2F%2Fevil.example",
    ],
)
def test_hosts_of_everybody_and_click_trackers_are_no_candidates(url):
    assert judge(record(urls=(url,)), GROUND).links == ()


def test_a_host_where_strangers_put_their_pages_is_marked_so():
    (link,) = judge(record(urls=("https://bit.ly/3xYz9Qq",)), GROUND).links
    assert link.shared and link.host == "bit.ly"


def test_no_url_lists_anything():
    urls = tuple(f"http://evil{n}.example/{n}" for n in range(300))
    gathering = Gathering(RULES, GROUND)
    gathering.add(record(urls=urls, relay=None))
    batch = gathering.batch()
    assert batch.sights == () and len(batch.urls) <= 100


def test_a_providers_relay_as_its_own_host_wrote_it_is_not_sighted_and_who_only_says_so_is():
    raw = spam(1)
    line = b"from relay.example ([198.51.100.2])"
    looked_up = raw.replace(line, b"from resqmta-1.sys.comcast.net (resqmta-1.sys.comcast.net [198.51.100.2])")
    assert sighted(looked_up)[0] == [] and sighted(looked_up)[2] == {"provider": 1}
    claimed = raw.replace(line, b"from resqmta-1.sys.comcast.net (unknown [198.51.100.2])")
    assert sighted(claimed)[0] == ["198.51.100.2"]
