"""The fast parser's tree, as ours."""

import pytest

from tipd.mail.parts import Room
from tipd.mail.quick import Unparsable, parse

MIXED = (
    b"From: =?utf-8?q?h=C3=A4?= <a@example.org>\r\nSUBJECT: one\r\nsubject: two\r\n"
    b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nhello\r\n--q\r\n"
    b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n--q\r\n"
    b"Content-Type: application/zip; name=a.zip\r\nContent-Disposition: attachment\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--q--\r\n"
)


def test_the_tree_has_all_parts_and_all_fields():
    root = parse(MIXED, Room(100, 50))
    text, message, file = root.children
    assert root.headers["subject"] == ["one", "two"]
    assert root.first("from") == "hä <a@example.org>"
    assert text.content == b"hello"
    assert message.is_message and message.children[0].first("subject") == "inner"
    assert (file.filename, file.disposition, file.content) == ("a.zip", "attachment", b"PK\x03\x04")


@pytest.mark.parametrize("raw", [b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + b"--q\r\n" * 50_000])
def test_what_it_refuses_it_says(raw):
    try:
        root = parse(raw, Room(100, 50))
    except Unparsable as error:
        assert str(error)
    else:
        assert root.content_type == "multipart/mixed"


def test_a_mail_nested_too_deep_is_refused():
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
    with pytest.raises(Unparsable):
        parse(raw + b"\r\nhello", Room(100, 50))
