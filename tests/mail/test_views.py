"""What views show."""

import hashlib

import msgspec
import pytest

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


@pytest.mark.parametrize("defect", ["many_recipients", "long_header", "unread"])
def test_where_recipients_are_unknown_only_what_nobody_chose_is_shown(defect):
    record = msgspec.structs.replace(RECORD, defects=(defect,), urls=("http://a.example/joe/x?y=1#z",))
    shown = apply(SHIPPED["redacted"], "redacted", b"key", Artefacts(record=record))
    assert shown.urls == ("http://a.example/",)
    assert (shown.subject, shown.from_, shown.mails, shown.attachments[0].name) == ("", "", (), "")
    assert shown.relay.address == "198.51.100.7"
    assert shown.received == (Hop(address="198.51.100.7"),)
    assert shown.defects == (defect, "unmasked")


def test_domains_of_the_operator_are_hidden_whole():
    record = msgspec.structs.replace(RECORD, received=(Hop(by="mx1.trap.example.org"),))
    artefacts = Artefacts(record=record, recipients=(WHO,))
    shown = apply(SHIPPED["redacted"], "redacted", b"key", artefacts, ["trap.example.org"])
    assert b"trap" not in encode(shown)
    assert b"trap" in encode(apply(SHIPPED["redacted"], "redacted", b"key", artefacts))


def test_hashes_of_files_stay_where_their_names_go():
    file = Attachment(name="x " * 50_000, size=3000, sha256="cd" * 32)
    record = msgspec.structs.replace(RECORD, attachments=(file,))
    shown = apply(SHIPPED["redacted"], "redacted", b"key", Artefacts(record=record, recipients=(WHO,)))
    assert shown.attachments == (Attachment(name="", size=3000, sha256="cd" * 32),)


def test_one_value_that_cannot_be_masked_does_not_take_the_others_along():
    record = msgspec.structs.replace(RECORD, urls=("http://john-smith-pills.example/", "http://b.example/go"))
    shown = apply(SHIPPED["redacted"], "redacted", b"key", Artefacts(record=record, recipients=(WHO,)))
    assert shown.urls == ("http://b.example/go",)
    assert shown.defects == ("unmasked",)


def test_a_file_that_holds_an_address_is_not_told_by_its_hash():
    small = Attachment(name="a.txt", size=len(WHO), sha256=hashlib.sha256(WHO.encode()).hexdigest())
    record = msgspec.structs.replace(RECORD, attachments=(small, Attachment(name="a.zip", size=5000, inside=(small,))))
    for defects in ((), ("unread",)):
        artefacts = Artefacts(record=msgspec.structs.replace(record, defects=defects), recipients=(WHO,))
        assert small.sha256.encode() not in encode(apply(SHIPPED["redacted"], "redacted", b"key", artefacts))


def test_an_address_of_a_hop_spells_nobody():
    spelt = "2001:db8:" + b"john.smith77".hex(":", 2)
    record = msgspec.structs.replace(RECORD, received=(Hop(by="mx.example", address=spelt), Hop(address="2001:db8::7")))
    artefacts = Artefacts(record=record, recipients=(WHO,))
    shown = apply(SHIPPED["redacted"], "redacted", b"key", artefacts)
    assert [hop.address for hop in shown.received] == ["", "2001:db8::7"]
    assert "unmasked" in shown.defects
