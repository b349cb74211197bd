"""Mails made to take long, to nest deep, to be many, or to mean nothing."""

from __future__ import annotations

import base64

_MIXED = b"Content-Type: multipart/mixed; boundary=q\r\n\r\n"
_PAGE = b"Content-Type: text/html\r\n\r\n"
_TEXT = b"Content-Type: text/plain\r\n\r\n"
_MB = 2**20


def awkward() -> dict[str, bytes]:
    """Return (what it is, the mail)."""
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(1000))
    few = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(200))
    open_tags = b"<p>" + b"".join(b"<b id=%d a b c d e f g h>" % at for at in range(2000)) + b"<p>x" * 2000
    return {
        "nothing": b"",
        "a line end": b"\n",
        "zeros": bytes(100_000),
        "all bytes": bytes(range(256)) * 400,
        "a header without end": b"A: b\r\n" * 500_000,
        "a field without end": b"Subject: " + b"a" * 3 * _MB,
        "a folded field without end": b"Subject: a\r\n" + b" b\r\n" * 200_000 + b"\r\nhello",
        "many kinds of fields": b"".join(b"X%d: b\r\n" % at for at in range(30_000)) + b"\r\nhello",
        "dots": b"From: " + b"." * 65_536 + b"\r\n\r\nhello",
        "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 15_000 + b"\r\n\r\nhello",
        "encoded words begun": b"Subject: " + b"=?" * 100_000 + b"\r\n\r\nhello",
        "encoded words in a part": _MIXED + b"--q\r\nSubject: " + b"=?" * 300_000 + b"\r\n\r\nhello\r\n--q--",
        "addresses": b"To: " + b"a@example.org," * 18_000 + b"\r\n\r\nhello",
        "addresses begun": b"To: " + b"<" * 100_000 + b'"' * 100_000 + b"\r\n\r\nhello",
        "brackets": b"Received: from " + b"(" * 100_000 + b" by " + b"[" * 100_000 + b"\r\n\r\nhello",
        "hops": b"Received: from a ([198.51.100.7]) by b; Mon, 2 Feb 2026 10:00:00 +0000\r\n" * 3000 + b"\r\nhello",
        "parameters": b"Content-Type: multipart/mixed" + b";a=b" * 60_000 + b"\r\n\r\nhello",
        "a boundary without end": b"Content-Type: multipart/mixed; boundary="
        + b"q" * 200_000
        + b"\r\n\r\n--"
        + b"q" * _MB,
        "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--q\r\n\r\nhello http://example.com/\r\n",
        "parts": _MIXED + b"--q\r\n\r\nhello\r\n" * 200_000,
        "parts of nothing": _MIXED + b"--q\r\n" * _MB,
        "parts with long headers": _MIXED + (b"--q\r\n" + b"A: b\r\n" * 1000 + b"\r\nx\r\n") * 900,
        "levels": nested + b"\nhello\n" * 20_000,
        "levels of messages": b"Content-Type: message/rfc822\r\n\r\n" * 1000 + b"Subject: inner\r\n\r\nhello",
        "levels and much text": few + b"\n" + b"--b\n" * 4 * _MB,
        "levels nobody can read": few + b"Content-Transfer-Encoding: base64\n\n!!!" + b"x\n" * 2 * _MB,
        "base64 without end": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 8 * _MB,
        "base64 that is none": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"!" * 8 * _MB,
        "base64 in short lines": b"Content-Transfer-Encoding: base64\r\n\r\n!" + b"Q\r\n" * 2 * _MB,
        "quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=41=\r\n" * _MB,
        "uuencode": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n" + b"M" * 4 * _MB,
        "carriage returns": _TEXT + b"x\r" * 4 * _MB + b"\n\n--q",
        "a charset that does not exist": b"Content-Type: text/plain; charset=klingon\r\n\r\nh\xe4 http://example.com/",
        "a charset that is none": b"Content-Type: text/plain; charset=zlib\r\n\r\n" + b"x" * _MB,
        "a charset by squares": b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" + b"b" * _MB,
        "a charset without end": b"Content-Type: text/plain; charset=" + b"x" * 100_000 + b"\r\n\r\nhello",
        "halves of surrogates": b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+2AA- " * 100_000,
        "tags": _PAGE + b"<div>" * 400_000,
        "tags that cross": _PAGE + open_tags,
        "tags begun": _PAGE + b"<a href=" * 250_000,
        "quotes begun": _PAGE + b"<a href=\"x <a href='y" * 100_000,
        "attributes": _PAGE + b"<a " + b" ".join(b"a%d" % at for at in range(200_000)) + b">",
        "comments begun": _PAGE + b"<!--" * 500_000,
        "scripts begun": _PAGE + b"<script><style><title>" * 90_000,
        "entities": _PAGE + b"&" * 2 * _MB,
        "long entities": _PAGE + b"&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 60_000,
        "a number without end": _PAGE + b"&#" + b"9" * _MB + b"; http://example.com/",
        "slashes": _TEXT + b"//" * _MB,
        "slashes apart": _TEXT + b"// " * 700_000,
        "URLs": _TEXT + b"".join(b"http://a%d.example.com/\n" % at for at in range(80_000)),
        "URLs without end": _TEXT + b"http://" * 300_000,
        "URLs behind brackets": _TEXT + b"http://a.example/" + b")" * _MB + b" http://a.example/(" + b")" * 8000,
        "percent signs": _TEXT + (b"http://a.example/" + b"%25" * 2600 + b"\n") * 250,
        "redirects": _TEXT + (b"http://a.example/?u=" + b"http%3A%2F%2F" * 500 + b"\n") * 300,
        "www": _TEXT + b"www." * 500_000,
        "at signs": _TEXT + b"a@" * _MB,
        "at signs and dots": _TEXT + b"a@a.aa." * 300_000,
        "names without end": _TEXT + b"a@" + b"a." * _MB,
        "words": _TEXT + b"x " * _MB,
        "a word without end": _TEXT + b"x" * 2 * _MB,
        "a hundred megabytes": _MIXED
        + b"--q\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(bytes(57 * 1024)) * 1330,
    }
