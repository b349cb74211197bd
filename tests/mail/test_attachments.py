"""Files that mails carry."""

import hashlib

from tipd.mail.attachments import listed
from tipd.mail.limits import Limits
from tipd.mail.parts import leaves
from tipd.mail.tree import grown

MAIL = b"""From: a@b.example
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

the text
--x
Content-Type: application/octet-stream; name="a.pdf"
Content-Disposition: attachment; filename="a.pdf"

MZ this is none
--x
Content-Type: message/rfc822

From: c@d.example
Subject: forwarded
Content-Type: multipart/mixed; boundary=y

--y
Content-Type: text/plain

inner text
--y
Content-Type: image/png; name=b.png

picture
--y--
--x--
""".replace(b"\n", b"\r\n")


def _listed(raw, **limits):
    return listed([part for part, _ in leaves(grown(raw, Limits()).root, 100, 10)], Limits(**limits))


def test_files_have_their_real_types_and_messages_list_theirs():
    found, cut, met = _listed(MAIL)
    assert [(one.name, one.declared, one.real) for one in found] == [
        ("a.pdf", "application/octet-stream", "application/vnd.microsoft.portable-executable"),
        ("forwarded", "message/rfc822", "message/rfc822"),
    ]
    assert found[0].sha256 == hashlib.sha256(b"MZ this is none").hexdigest()
    assert [one.name for one in found[1].inside] == ["b.png"]
    assert (cut, met) == (False, ())


def test_more_than_the_limit_are_not_listed():
    found, cut, met = _listed(MAIL, attachments=1)
    assert (len(found), cut, met) == (1, True, ("many_attachments",))
