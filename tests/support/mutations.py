"""Mails as programs write them, and what chance and malice make of them."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_HEAD = (
    b"Return-Path: <b@example.net>\r\nDelivered-To: trap@example.org\r\nAuthentication-Results: mx.example.org; "
    b"spf=pass smtp.mailfrom=example.net; dkim=fail header.d=example.com\r\n"
    b"Received: from a.example.net (a.example.net [198.51.100.7])\r\n\tby mx.example.org (Postfix) with ESMTP id 1\r\n"
    b"\tfor <trap@example.org>; Mon, 2 Feb 2026 10:00:00 +0100 (CET)\r\n"
    b"Received: (qmail 1 invoked from network); 2 Feb 2026 08:59:59 -0000\r\n"
    b"From: =?utf-8?q?B=C3=BCro?= <Shop@Example.net>\r\nReply-To: other@example.com\r\nTo: trap@example.org, "
    b'"A, B" <ab@example.org>\r\nSubject: =?iso-8859-1?b?R3L832U=?= for trap\r\n'
    b"Date: Mon, 2 Feb 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
)
_PAGE = (
    b"<html><head><base href='http://example.com/x/'><meta http-equiv=refresh content='0;url=go'><style>p{}</style>"
    b'</head><body><!-- c --><p>Dear trap &amp; friends, <b>cl</b>ick <a href="http://example.com/?a=1&amp;b=%41">'
    b"here</a> or www.example.net/x and write to info@example.net</p><form action='go'></form></body></html>"
)
_TEXT = (
    "Grüße: http://xn--bcher-kva.example/ü hxxp://example[.]net/?u=https%3A%2F%2Fexample.org%2F trap@example.org\r\n"
)


def _zipped() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(zipfile.ZipInfo("invoice.exe", (2026, 1, 1, 0, 0, 0)), b"MZ" + bytes(100))
    return body.getvalue()


def _part(kind: bytes, content: bytes, encoding: bytes = b"8bit") -> bytes:
    if encoding == b"base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    head = b"--q\r\nContent-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding
    return head + b"\r\n\r\n" + content + b"\r\n"


def seeds() -> list[bytes]:
    """Return mails of many forms, none of them long."""
    plain = _part(b"text/plain; charset=utf-8", _TEXT.encode())
    page = _part(b"text/html; charset=us-ascii", _PAGE, b"quoted-printable")
    file = _part(b'application/zip; name="a.zip"', _zipped(), b"base64")
    inner = _part(b"message/rfc822", _HEAD + b"\r\ninner http://example.com/inner")
    mixed = b"Content-Type: multipart/mixed; boundary=q\r\n\r\npreamble\r\n"
    report = b"Content-Type: multipart/report; report-type=delivery-status; boundary=q\r\n\r\n"
    status = _part(b"message/delivery-status", b"Final-Recipient: rfc822; trap@example.org\r\nAction: failed")
    return [
        _HEAD + b"\r\n" + _TEXT.encode(),
        _HEAD + b"Content-Type: text/plain; charset=koi8-r\r\n\r\n" + "привет http://example.com/".encode("koi8-r"),
        _HEAD + b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(_PAGE),
        _HEAD + mixed + plain + page + file + b"--q--\r\n",
        _HEAD + mixed + inner + file + b"--q--",
        _HEAD + report + plain + status + b"--q--\r\n",
        _HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AGg-ttp://example.com/ +2AA-",
        b"From x\n" + _HEAD.replace(b"\r\n", b"\n") + b"\n" + _PAGE,
    ]


_TOKENS = (
    *(
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"\n\n",
        b"\x00",
        b"\xff\xfe",
        b"--q\r\n",
        b"--q--\r\n",
        b"--",
        b";" * 40,
        b"=" * 40,
    ),
    *(b"=?utf-8?b?", b"=?utf-7?q?+2AA-?=", b"=?punycode?q?a-b?=", b"?=", b'"' * 9, b"\\" * 9, b"(" * 40, b"<" * 40),
    *(b"Content-Type: multipart/mixed; boundary=q\r\n", b"Content-Type: message/rfc822\r\n", b"[" * 20, b"@" * 20),
    *(b"Content-Type: text/plain; charset=idna\r\n", b"Content-Transfer-Encoding: base64\r\n", b"charset=utf-16;"),
    *(
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n",
        b"http://" * 9,
        b"http://[",
        b"www." * 9,
        b"&#x",
    ),
    *(b"<!--", b"<script", b"</style>", b"<a href='", b"&" * 30, b"&#9999999999;", b"%" * 20, b"%25" * 20, b"//" * 20),
    *("\u202e\u200b\ud7ff\U0010ffff".encode(), b"\xed\xa0\x80", b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08"),
    *(
        b"Received: from [",
        b"Received: by ",
        b"; Mon, 99 Feb 99999 99:99:99 +9999",
        b"Date: 0\r\n",
        b"To: " + b"a@b," * 9,
    ),
)


def mutated(rng: Random, raw: bytes, other: bytes) -> bytes:
    """Return a mail after one to six changes."""
    for _ in range(rng.randint(1, 6)):
        raw = _changed(rng, raw, other)
    return raw[:60_000]


def _changed(rng: Random, raw: bytes, other: bytes) -> bytes:
    at = rng.randrange(len(raw) + 1)
    end = min(len(raw), at + rng.choice((1, 2, 8, 40, 400)))
    match rng.randrange(8):
        case 0:
            return raw[:at] + rng.randbytes(end - at) + raw[end:]
        case 1:
            return raw[:at] + raw[end:]
        case 2:
            return raw[:at] + raw[at:end] * rng.choice((2, 3, 20)) + raw[end:]
        case 3 | 4:
            return raw[:at] + rng.choice(_TOKENS) + raw[at:]
        case 5:
            return raw[:at]
        case 6:
            return raw[:at] + other[rng.randrange(len(other) + 1) :]
        case _:
            return raw.replace(*rng.choice(((b"\r\n", b"\n"), (b"\n", b"\r"), (b"=", b"=?"), (b";", b"; ;"))))


def mutations(rng: Random, count: int) -> Iterator[bytes]:
    """Yield that many mails, each another; a seeded `rng` yields the same ones again."""
    known = seeds()
    for _ in range(count):
        yield mutated(rng, rng.choice(known), rng.choice(known))
