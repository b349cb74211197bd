"""Records on their way."""

import msgspec
import pytest

from tipd.mail.record import Attachment, Record, Relay, decode, encode, unknown_keys

ONE = Record(
    sha256="ab" * 32,
    at="2026-11-22T04:00:00Z",
    size=1234,
    relay=Relay(address="198.51.100.7", helo="mail.example.org"),
    attachments=(Attachment(name="a.zip", inside=(Attachment(name="b.exe", size=5),)),),
)


def test_a_record_survives_a_journey_and_leaves_out_what_is_empty():
    line = encode(ONE)
    assert decode(line) == ONE
    assert b"reply_to" not in line and b"\n" not in line
    assert msgspec.json.decode(line)["sha256"] == "ab" * 32


def test_keys_of_a_newer_release_are_kept_apart():
    line = encode(ONE)[:-1] + b',"mood":"bad","format":2}'
    assert decode(line).sha256 == ONE.sha256
    assert unknown_keys(line) == {"mood": "bad"}


@pytest.mark.parametrize("line", [b"", b"[]", b'{"sha256":1}', b'{"sha256":"a","at":"b"}'])
def test_what_is_no_record_is_refused(line):
    with pytest.raises(msgspec.MsgspecError):
        decode(line)
