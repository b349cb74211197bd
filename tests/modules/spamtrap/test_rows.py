"""Hostile records become columns that a database takes."""

from datetime import UTC, datetime

import msgspec

from tipd.mail.record import Attachment, Auth, Hop, Record, Relay
from tipd.modules.spamtrap.rows import LONGEST_REST, moment_of, relay_of, rest_of, text_of


def record(**said):
    return Record(sha256="ab" * 32, at="", size=1, **said)


def test_the_rest_is_what_has_no_column():
    said = record(from_="a@b.example", auth=Auth(spf="pass"), subject="x", recipients=("hmac:00",), template="t")
    assert msgspec.json.decode(rest_of(said)) == {"from": "a@b.example", "auth": {"spf": "pass"}}


def test_what_is_too_long_is_left_out_whole_key_by_key():
    hops = tuple(Hop(by="x" * 200, address="192.0.2.1") for _ in range(50))
    said = record(from_="a@b.example", received=hops, urls=("http://e.example/" + "y" * 20000,))
    rest = rest_of(said)
    assert len(rest) <= LONGEST_REST and msgspec.json.decode(rest) == {"from": "a@b.example"}
    deep = Attachment(name="z" * 9000, inside=(Attachment(name="z" * 9000),))
    assert msgspec.json.decode(rest_of(record(attachments=(deep,)))) == {}


def test_no_nul_and_no_half_character_remains():
    assert text_of("a\0b\ud800c") == "ab?c"
    assert msgspec.json.decode(rest_of(record(from_="\0a\\u0000"))) == {"from": "a\\u0000"}


def test_relays_as_the_store_writes_them():
    assert relay_of(record(relay=Relay(address="2001:DB8::0:7"))) == "2001:db8::7"
    assert relay_of(record(relay=Relay(address="fe80::1%eth0"))) == "fe80::1"
    assert relay_of(record(relay=Relay(address="300.1.1.1"))) is None and relay_of(record()) is None


def test_moments():
    assert moment_of("2026-11-22T05:00:00+01:00") == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert moment_of("2026-11-22T05:00:00") == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert moment_of("") is None and moment_of("0001-01-01T00:00:00+23:00") is None
