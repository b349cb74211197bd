"""Whom a mail went to is known wherever a field says it."""

from datetime import UTC, datetime

import pytest

from tipd.mail import defects
from tipd.mail.context import Context
from tipd.mail.read import read
from tipd.mail.recipients import MOST_SIGNS, named

TRAP = "wanda.f@trap.example.org"


@pytest.mark.parametrize(
    ("field", "recipient"),
    [
        ("To: wanda.f@trap.example.org", TRAP),
        ("To : wanda.f@trap.example.org", TRAP),
        ('To: "wanda.f"@trap.example.org', TRAP),
        ('To: Joe <"wanda.f"@trap.example.org>', TRAP),
        ('To: "wanda f"@trap.example.org', "wanda f@trap.example.org"),
        ("To: wanda\\.f@trap.example.org", TRAP),
        ("To: wanda.f(hi)@trap.example.org", TRAP),
        ("To: wanda.f @ trap.example.org", TRAP),
        ("To: wanda.f@(there)trap.example.org", TRAP),
        ("To: wanda.f@[192.0.2.1]", "wanda.f@[192.0.2.1]"),
        ("To: wanda.f@ünix.example", "wanda.f@ünix.example"),
        ("To: <wanda.f@trap.example.org> <x@y.example>", TRAP),
        ('To: "wanda.f@trap.example.org" <x@y.example>', TRAP),
        ("To: <@a.example,@b.example:wanda.f@trap.example.org>", TRAP),
        ("To: =?utf-8?B?d2FuZGEuZkB0cmFwLmV4YW1wbGUub3Jn?=", TRAP),
        ("To: undisclosed:wanda.f@trap.example.org;", TRAP),
        ("X-Apparently-To: wanda.f@trap.example.org", TRAP),
        ("X-Failed-Recipients: wanda.f@trap.example.org", TRAP),
        ("Envelope-Recipient: wanda.f@trap.example.org", TRAP),
        ("X-SMTP-RCPT: wanda.f@trap.example.org", TRAP),
        ("X-Real-To: wanda.f@trap.example.org", TRAP),
        ("X-Delivered-For: wanda.f@trap.example.org", TRAP),
        ("X-Bcc: wanda.f@trap.example.org", TRAP),
        ("Received: from a ([198.51.100.9]) by mx\r\n\tid 5\tfor <wanda.f@trap.example.org>; x", TRAP),
        ("Received: from a by mx\r\n\tfor\r\n\t<wanda.f@trap.example.org>; x", TRAP),
        ("Received: from a by mx (mail for you) for <wanda.f@trap.example.org>; x", TRAP),
        ("Received: from a by mx FOR wanda.f@trap.example.org; x", TRAP),
        ('Received: from a by mx for <"wanda f"@trap.example.org>; x', "wanda f@trap.example.org"),
        ("Received: from a by b; x\r\n" * 60 + "Received: from a by b for <wanda.f@trap.example.org>; x", TRAP),
    ],
)
def test_a_recipient_is_known_however_it_is_written(field, recipient):
    mail = f"{field}\r\nFrom: a@sender.example\r\nSubject: hello\r\n\r\nbody\r\n".encode()
    assert recipient in read(mail, Context(received_at=datetime(2026, 11, 22, tzinfo=UTC))).recipients


@pytest.mark.parametrize("name", ["reply-to", "in-reply-to", "errors-to", "x-report-abuse-to", "list-id", "from"])
def test_a_sender_is_no_recipient(name):
    assert named({name: ["news@sender.example"]}) == ({}, True)


def test_what_the_host_wrote_stands_before_what_the_sender_wrote():
    header = {
        "to": ["stranger@else.example", "b@else.example"],
        "received": ["from a by mx for <two@trap.example.org>; x"],
        "delivered-to": ["one@trap.example.org"],
    }
    assert [*named(header)[0]] == [
        "one@trap.example.org",
        "two@trap.example.org",
        "stranger@else.example",
        "b@else.example",
    ]


@pytest.mark.parametrize("value", ["@" * 65536, '"' * 40_000 + "@", "a@b.example" + " " * 70_000, '\\"@' * 20_000])
def test_a_field_that_is_not_read_whole_is_told(value):
    assert named({"to": [value]})[1] is (value.count("@") < MOST_SIGNS and len(value) <= 65536)


def test_a_mail_to_too_many_is_told():
    to = ",".join(f"a{number}@b.example" for number in range(300))
    record = read(f"To: {to}\r\n\r\n".encode(), Context()).record
    assert defects.MANY_RECIPIENTS in record.defects


@pytest.mark.parametrize(("clause", "found"), [("for C@Example.org", ["c@example.org"]), ("", [])])
def test_for_whom_a_host_took_it(clause, found):
    assert [*named({"received": [f"from a by b (envelope-from <x@y.example>) {clause}; x"]})[0]] == found
