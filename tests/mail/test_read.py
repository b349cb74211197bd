"""One mail in, one record out."""

import ipaddress
from datetime import UTC, datetime

from tipd.mail import defects
from tipd.mail.read import Context, read
from tipd.mail.record import Relay, decode, encode

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
MAIL = b"""Return-Path: <bounce@sender.example>
Delivered-To: trap@example.org
Authentication-Results: mx1.example.org; spf=pass smtp.mailfrom=bounce@sender.example
Received: from mail.sender.example (mail.sender.example [198.51.100.7]) by mx1.example.org (Postfix) with ESMTP id 1
 for <trap@example.org>; Mon, 1 Jan 2024 10:00:00 +0100
From: "Shop" <Shop@Sender.example>
To: Trap <trap@example.org>, other@example.net
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=q

--q
Content-Type: text/plain; charset=utf-8

see http://shop.example.com/a and hxxp://other[.]example/b
--q
Content-Type: text/html; charset=utf-8

<a href="https://www.shop.example.com/c">shop</a>
--q--
""".replace(b"\n", b"\r\n")


def test_a_mail_becomes_a_record():
    context = Context(received_at=NOW, authserv_id="mx1.example.org", trap="pristine", recipients=["Owner@example.org"])
    found = read(MAIL, context)
    record = found.record
    assert record.at == "2026-11-22T04:00:00Z" and record.size == len(MAIL)
    assert (record.subject, record.from_, record.return_path) == (
        "Grüße",
        "shop@sender.example",
        "bounce@sender.example",
    )
    assert record.relay == Relay(address="198.51.100.7", name="mail.sender.example")
    assert record.auth is not None and record.auth.aligned
    assert set(record.urls) == {
        "http://shop.example.com/a",
        "http://other.example/b",
        "https://www.shop.example.com/c",
    }
    assert record.hosts[:2] == ("shop.example.com", "example.com")
    assert (record.class_, record.trap, record.parser, record.defects) == ("spam", "pristine", "fast", ())
    assert found.recipients == ("owner@example.org", "trap@example.org", "other@example.net")
    assert decode(encode(record)) == record


def test_own_networks_stand_inside_the_boundary():
    own = [ipaddress.ip_network("198.51.100.0/24")]
    record = read(MAIL, Context(received_at=NOW, own=own)).record
    assert record.relay is None and defects.NO_RELAY in record.defects


def test_the_time_is_the_mails_own_where_nobody_knows_better():
    assert read(MAIL, Context()).record.at == "2024-01-01T09:00:00Z"
    assert read(b"Date: Mon, 1 Jan 2024 10:00:00 +0000\n\nx", Context()).record.at == "2024-01-01T10:00:00Z"
    record = read(b"", Context()).record
    assert record.at == "" and defects.NO_DATE in record.defects


def test_recipients_are_known_whole_or_it_is_said():
    few = ",\r\n ".join(f"Somebody <name{at}@trap.example.org>" for at in range(150))
    found = read(
        MAIL.replace(b"To: Trap", b"X-RCPT-To: <it@trap.example.org>\r\nCc: " + few.encode() + b"\r\nTo: Trap"),
        Context(),
    )
    assert {"name149@trap.example.org", "it@trap.example.org"} <= set(found.recipients)
    assert defects.MANY_RECIPIENTS not in found.record.defects
    many = ",\r\n ".join(f"a{at}@example.org" for at in range(500))
    assert (
        defects.MANY_RECIPIENTS
        in read(MAIL.replace(b"To: Trap", b"To: " + many.encode() + b", Trap"), Context()).record.defects
    )
