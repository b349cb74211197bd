"""Mails to one recipient, the canary, that hide its address in every place and spelling; and a way to look for it."""

import base64
import codecs
import hashlib
import random
from urllib.parse import quote

LOCAL, DOMAIN = "wanda.finchley77", "trap.example.org"
CANARY = f"{LOCAL}@{DOMAIN}"
_WHOLE, _LOCAL = CANARY.encode(), LOCAL.encode()


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


SPELLINGS = {
    "plain": CANARY,
    "upper": CANARY.upper(),
    "local part": LOCAL,
    "capitals": LOCAL.title(),
    "name": "Wanda Finchley77",
    "percent": quote(CANARY, safe=""),
    "percent, every character": _percent(CANARY),
    "percent twice": quote(_percent(CANARY)),
    "local part, percent": _percent(LOCAL),
    "base64": base64.b64encode(_WHOLE).decode(),
    "base64url": base64.urlsafe_b64encode(_WHOLE).decode().rstrip("="),
    "base64 of the local part": base64.b64encode(_LOCAL).decode(),
    "base64 of more": base64.b64encode(b"u=" + _WHOLE + b"&c=9").decode(),
    "hex": _WHOLE.hex(),
    "HEX": _WHOLE.hex().upper(),
    "hex of the local part": _LOCAL.hex(),
    "reversed": CANARY[::-1],
    "md5": hashlib.md5(_WHOLE, usedforsecurity=False).hexdigest(),
    "sha1": hashlib.sha1(_WHOLE, usedforsecurity=False).hexdigest(),
    "sha256": hashlib.sha256(_WHOLE).hexdigest(),
    "md5 in capitals": hashlib.md5(_WHOLE, usedforsecurity=False).hexdigest().upper(),
    "as bounces write it": f"{LOCAL}={DOMAIN}",
    "tagged": f"{LOCAL}+news@{DOMAIN}",
}

PLACES = (
    "from",
    "reply-to",
    "return-path",
    "subject",
    "message-id",
    "received",
    "helo",
    "text",
    "link",
    "path",
    "host",
    "html",
    "form",
    "file",
    "inner file",
    "message",
    "encoded subject",
    "auth",
)


def mail(number: int) -> bytes:
    """Return a mail to the canary that has a spelling of it in some places, by the number."""
    rng = random.Random(number)
    spellings = list(SPELLINGS.values())
    said = dict.fromkeys(PLACES, "")
    said[PLACES[number % len(PLACES)]] = spellings[number // len(PLACES) % len(spellings)]
    for place in rng.sample(PLACES, 2):
        said[place] = said[place] or rng.choice(spellings)
    label = "".join(c if c.isalnum() or c == "-" else "-" for c in said["host"])[:60].strip("-") or "www"
    subject = said["encoded subject"] and f"=?utf-8?B?{base64.b64encode(said['encoded subject'].encode()).decode()}?="
    from_ = f'"{said["from"]}" <news-{said["from"]}@sender.example>' if said["from"] else "<news@sender.example>"
    token = f"{rng.getrandbits(80):020x}"
    html = (
        f'<html><body><p>Dear {said["html"] or "customer"}</p><a href="http://{label}.shop{rng.randrange(40)}.example/'
        f'{quote(said["path"], safe="%=") or "go"}?id={token}&u={said["link"]}">go</a>'
        f'<form action="http://forms.example/{said["form"]}"></form></body></html>'
    )
    inner = (
        f"From: a@b.example\r\nTo: {said['message'] or 'c@d.example'}\r\nSubject: for {said['message']}\r\n\r\nhi\r\n"
    )
    lines = [
        f"Return-Path: <{_bare(said['return-path']) or 'bounce@sender.example'}>",
        f"Delivered-To: {CANARY}",
        f"Authentication-Results: mx1.trap.example.org; spf=pass smtp.mailfrom={_bare(said['auth']) or 'a@b.example'}",
        f"Received: from {_bare(said['helo']) or 'out.sender.example'} ([198.51.100.{number % 200 + 1}])",
        f"\tby mx1.trap.example.org with ESMTP id {_bare(said['received']) or token}",
        f"\tfor <{CANARY}>; Sun, 22 Nov 2026 04:{number % 60:02}:00 +0000",
        f"From: {from_}",
        f"Reply-To: {_bare(said['reply-to']) or 'reply@sender.example'}",
        f"To: {rng.choice([CANARY, CANARY.upper(), f'Wanda <{CANARY}>'])}",
        f"Subject: {subject or said['subject'] or 'News'} {number % 7}",
        f"Message-ID: <{token}.{_bare(said['message-id'])}@sender.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="BB"',
        "",
        "--BB",
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"Hello {said['text'] or 'friend'}, read http://text.example/{said['text']}?{token}",
        "--BB",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        base64.encodebytes(html.encode()).decode().replace("\n", "\r\n").strip(),
        "--BB",
        f'Content-Type: application/octet-stream; name="{said["file"] or "report"}.pdf"',
        f'Content-Disposition: attachment; filename="{said["file"] or "report"}.pdf"',
        "",
        f"%PDF-1.4 {number}",
        "--BB",
        "Content-Type: message/rfc822",
        f'Content-Disposition: attachment; filename="{said["inner file"] or "inner"}.eml"',
        "",
        inner,
        "--BB--",
        "",
    ]
    return "\r\n".join(lines).encode()


def _bare(text: str) -> str:
    """Return a spelling as it may stand where blanks may not."""
    return text.replace(" ", ".")


def _needles() -> list[bytes]:
    local, whole = LOCAL, CANARY
    found = [local, local.replace(".", " "), local.replace(".", "-"), local[::-1], codecs.encode(local, "rot13")]
    found += [_percent(local), quote(_percent(local)), _LOCAL.hex(), base64.b64encode(_LOCAL).decode()[:-4]]
    for before in range(3):  # base64 of it at each place of three
        cut = base64.b64encode(b"\0" * before + _WHOLE).decode()
        found.append(cut[4 if before else 0 : len(_WHOLE) // 3 * 4])
    for text in (whole, local):
        for name in ("md5", "sha1", "sha256"):
            found.append(hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest())
    return [text.lower().encode() for text in found]


NEEDLES = _needles()


def found_in(data: bytes) -> list[bytes]:
    """Return what of the canary stands in these bytes, in any spelling."""
    low = data.lower()
    return [needle for needle in NEEDLES if needle in low]
