"""Mails as they come to traps: campaigns that change a word, a token, a sender from mail to mail; and what is none.

Pure: `(number) -> bytes`. Addresses and names are the documentation's (RFC 5737, RFC 2606).
"""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRAP_DOMAIN = "trap.example.org"
TRAPS = tuple(f"{name}@{TRAP_DOMAIN}" for name in ("old.webmaster", "ramona.quill", "sales1997", "t.oldfield"))
HOST = f"mx1.{TRAP_DOMAIN}"
RELAYS = tuple(f"198.51.100.{number}" for number in range(140, 180))  # a botnet that sends
BANK = "bank.example.com"  # forged: it never sent anything
FONTS = "fonts.googleapis.com"
_FIRST = ("Ann", "Bo", "Cy", "Di", "Ed", "Flo")


@dataclass(frozen=True)
class Letter:
    """What one mail says: who it claims to be from, its subject, its text, HTML and file."""

    sender: str
    subject: str
    text: str
    html: str = ""
    file: tuple[str, bytes] | None = None
    more: str = ""  # further header fields, each with its line's end
    return_path: str | None = None


def _token(rng: random.Random) -> str:
    return f"{rng.getrandbits(96):024x}"


def _pills(rng: random.Random, trap: str) -> Letter:
    """A shop behind a fluxing name; each mail has a token and a greeting of its own."""
    link = f"http://pay.quiet-apex.example/shop/{_token(rng)}?u={base64.urlsafe_b64encode(trap.encode()).decode()}"
    name = trap.partition("@")[0]
    text = f"Dear {name},\n\nyour order {rng.randrange(10**6)} of pills waits for you. Pay here:\n{link}\n\nThe shop\n"
    return Letter(f"shop{rng.randrange(900)}@pills.example", f"Your order {rng.randrange(10**6)}, {name}", text)


def _bank(rng: random.Random, trap: str) -> Letter:
    """Phishing that claims to come from a bank; the page loads a font and leads to a host with random labels."""
    link = f"https://{_token(rng)[:10]}.single-flux.example/login?id={_token(rng)}&mail={trap}"
    html = (
        f'<html><head><link rel="stylesheet" href="https://{FONTS}/css?family=Roboto"></head><body>'
        f'<p>We noticed something strange with your account.</p><a href="{link}">https://{BANK}/login</a>'
        f'<form action="{link}"><input name="pin"></form></body></html>'
    )
    return Letter(f"service@{BANK}", "Your account was locked", "Look at the HTML part.\n", html)


def _invoice(rng: random.Random, _trap: str) -> Letter:
    """A file that is always the same, in mails that are not."""
    bill, euros = rng.randrange(10**5), rng.randrange(9000)
    text = f"Hello,\n\nattached is invoice {bill} over {euros} EUR.\n{rng.choice(_FIRST)}\n"
    return Letter(
        f"{rng.choice(_FIRST).lower()}@supplier{rng.randrange(40)}.example",
        f"Invoice {bill}",
        text,
        file=("invoice.exe", b"MZ" + b"\x90\x00\x03" * 700),
    )


def _bounce(rng: random.Random, trap: str) -> Letter:
    text = f"This is the mail system at host mail{rng.randrange(9)}.example.net. Your mail could not be delivered.\n"
    report = "Auto-Submitted: auto-replied\r\n"
    return Letter("MAILER-DAEMON@mail.example.net", f"Undelivered Mail to {trap}", text, more=report, return_path="")


def _away(rng: random.Random, _trap: str) -> Letter:
    more = "Auto-Submitted: auto-replied\r\nX-Autoreply: yes\r\n"
    return Letter(f"clerk{rng.randrange(30)}@example.net", "Out of office", "I am away until Monday.\n", more=more)


_LETTERS: tuple[Callable[[random.Random, str], Letter], ...] = (_pills, _pills, _bank, _bank, _invoice, _bounce, _away)


def mail(number: int, *, at: datetime | None = None, seed: str = "post") -> bytes:
    """Return the mail of this number: the same for the same number, moment and seed."""
    rng = random.Random(f"{seed}/{number}")
    trap = rng.choice(TRAPS)
    letter = _LETTERS[number % len(_LETTERS)](rng, trap)
    moment = at or datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=number)
    relay = rng.choice(RELAYS)
    path = letter.sender if letter.return_path is None else letter.return_path
    head = (
        f"Return-Path: <{path}>\r\nDelivered-To: {trap}\r\n"
        f"Received: from mail{rng.randrange(99)}.example ([{relay}])\r\n"
        f"\tby {HOST} (Postfix) with ESMTP id {rng.getrandbits(40):010X}\r\n"
        f"\tfor <{trap}>; {format_datetime(moment)}\r\n"
        f"Received: from [192.0.2.{rng.randrange(1, 255)}] by {BANK} with HTTP; {format_datetime(moment)}\r\n"
        f"From: {rng.choice(_FIRST)} <{letter.sender}>\r\nTo: <{trap}>\r\nSubject: {letter.subject}\r\n"
        f"Message-ID: <{_token(rng)}.{trap.replace('@', '=')}@{letter.sender.rpartition('@')[2]}>\r\n"
        f"Date: {format_datetime(moment)}\r\nMIME-Version: 1.0\r\n{letter.more}"
    )
    return (head + _body(letter, f"b{rng.getrandbits(48):012x}")).encode()


def _body(letter: Letter, boundary: str) -> str:
    """Return the last header field and the body."""
    plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{_lines(letter.text)}"
    parts = [plain]
    if letter.html:
        parts.append(f"Content-Type: text/html; charset=utf-8\r\n\r\n{_lines(letter.html)}\r\n")
    if letter.file is not None:
        name, content = letter.file
        parts.append(
            f'Content-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n' + _lines(base64.encodebytes(content).decode())
        )
    if len(parts) == 1:
        return plain
    kind = "mixed" if letter.file is not None else "alternative"
    inside = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n{inside}--{boundary}--\r\n'


def _lines(text: str) -> str:
    return text.replace("\n", "\r\n")
