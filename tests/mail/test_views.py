"""What views show."""

import msgspec

from tipd.mail.artefacts import Artefacts
from tipd.mail.record import Attachment, Hop, Record, Relay, encode
from tipd.mail.view import SHIPPED, View
from tipd.mail.views import apply

WHO = "john.smith@trap.example.org"
RECORD = Record(
    sha256="ab" * 32,
    at="2026-11-22T04:00:00Z",
    size=1234,
    subject="John Smith, look",
    from_=WHO,
    return_path="bounce+john.smith=trap.example.org@esp.example",
    relay=Relay(address="198.51.100.7", helo="john-smith.example"),
    received=(Hop(by="mx.example.org", address="198.51.100.7"),),
    urls=("http://a.example/u?e=john.smith%40trap.example.org",),
    hosts=("a.example",),
    mails=(WHO, "sales@shop.example"),
    attachments=(Attachment(name="John Smith.zip", inside=(Attachment(name="johnsmith.exe"),)),),
    template="0123456789abcdef",
)
ARTEFACTS = Artefacts(record=RECORD, recipients=(WHO,))


def test_only_full_shows_recipients():
    for name in ("urls", "redacted"):
        assert b"smith" not in encode(apply(SHIPPED[name], name, b"key", ARTEFACTS)).lower()
    full = apply(SHIPPED["full"], "full", b"key", ARTEFACTS)
    assert msgspec.structs.replace(full, recipients=()) == RECORD
    assert b"smith" not in encode(apply(SHIPPED["full"], "mine", b"key", ARTEFACTS)).lower()


def test_a_view_shows_its_fields_and_no_others():
    shown = msgspec.json.decode(encode(apply(View(fields=("relay", "class", "recipients")), "mine", b"key", ARTEFACTS)))
    assert set(shown) == {"sha256", "at", "size", "relay", "recipients"}
    assert len(shown["recipients"]) == 1
    assert shown["recipients"][0].startswith("hmac:")


def test_what_cannot_be_masked_is_left_out_and_said():
    record = msgspec.structs.replace(RECORD, subject="x " * 50_000)
    shown = apply(SHIPPED["redacted"], "redacted", b"key", Artefacts(record=record, recipients=(WHO,)))
    assert shown.subject == ""
    assert shown.defects == ("unmasked",)
