"""Files of mails that lie in others as files."""

import pytest

from tipd.mail.nested_message import is_file, members, name
from tipd.mail.parts import Part

MAIL = (
    b"From: a@b.example\r\nSubject: x\r\nReceived: from c\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
    b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1\r\n--x--\r\n"
)


def test_its_files_are_members():
    (member,) = members(MAIL)
    assert (member.name, member.open(4)) == ("a.pdf", b"%PDF")


def test_what_is_no_mail_has_none():
    assert not list(members(b"\0" * 100))


@pytest.mark.parametrize(
    ("part", "file"),
    [
        (Part("text/plain", {}, content=b"x"), False),
        (Part("text/html", {}, filename="a.html", content=b"x"), True),
        (Part("text/plain", {}, disposition="attachment", content=b"x"), True),
        (Part("image/png", {}, content=b"x"), True),
        (Part("message/delivery-status", {}, content=b"x"), False),
        (Part("multipart/mixed", {}, content=b"x"), False),
        (Part("message/rfc822", {}, is_message=True), True),
    ],
)
def test_what_is_a_file(part, file):
    assert is_file(part) is file


def test_a_name_may_stand_in_the_type():
    assert name(Part("a/b", {"content-type": ["a/b; name=X\tY"]}), 10) == "X Y"
