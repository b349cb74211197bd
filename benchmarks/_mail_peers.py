"""The same mail read with the mail-parser package, and with the standard library's `compat32` parser and `re`.

As a program would be written with them: header fields decoded, the Received chain taken apart, text and HTML searched
for URLs and mail addresses by patterns, files named, measured and hashed. The three hashes of campaigns are taken by
our own code, of what the peer found. They do less than a record holds: no look into archives, no canonical URLs, no
registrable domains, no check of where an address may lead, no relay at the trust boundary, no class.
"""

from __future__ import annotations

import hashlib
import html
import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import mailparser

from tipd.mail import hashes

if TYPE_CHECKING:
    from email.message import Message

URL = re.compile(r"(?:https?|ftp)://[^\s<>\"']+|www\.[^\s<>\"']+", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
TAG = re.compile(r"<style.*?</style>|<script.*?</script>|<[^>]*>", re.IGNORECASE | re.DOTALL)
HOP = re.compile(r"from\s+(\S+)(.*?)\sby\s+(\S+)", re.IGNORECASE | re.DOTALL)
HASHES = True
IP = re.compile(r"[\[(](?:IPv6:)?([0-9A-Fa-f.:]{3,45})[\])]")


def searched(text: str, pages: str, subject: str, to: list[str]) -> dict[str, Any]:
    """Return what patterns find in the text and in the HTML of a mail, and the campaign's hashes."""
    pages = html.unescape(pages)
    shown = TAG.sub(" ", pages) if pages else text
    text = f"{text}\n{pages}"
    urls = list(dict.fromkeys(URL.findall(text)))
    return {
        "urls": urls,
        "hosts": _hosts(urls),
        "mails": list(dict.fromkeys(ADDRESS.findall(text))),
        "hashes": hashes.of(shown, urls, subject, to) if HASHES else None,
    }


def _hosts(urls: list[str]) -> list[str]:
    found = []
    for url in urls:
        try:
            found.append(urlsplit(url).hostname or "")
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def with_mail_parser(raw: bytes) -> dict[str, Any]:
    """Read a mail with the mail-parser package."""
    mail = mailparser.parse_from_bytes(raw)
    files = []
    for one in mail.attachments:
        content = mail_content(one)
        digest = hashlib.sha256(content).hexdigest()
        files.append((one["filename"], one["mail_content_type"], len(content), digest))
    fields = {
        "sha256": hashlib.sha256(raw).hexdigest(),
        "subject": mail.subject,
        "from": mail.from_,
        "reply_to": mail.reply_to,
        "return_path": mail.headers.get("Return-Path", ""),
        "received": mail.received,
        "date": mail.date,
        "to": mail.to,
        "files": files,
    }
    to = [address for _, address in mail.to]
    return fields | searched("\n".join(mail.text_plain), "\n".join(mail.text_html), mail.subject, to)


def mail_content(file: dict[str, Any]) -> bytes:
    """Return the bytes of a file as mail-parser hands it out."""
    import base64
    import binascii

    payload = file["payload"]
    if file.get("binary"):
        try:
            return base64.b64decode(payload)
        except (binascii.Error, ValueError):
            return b""
    return payload.encode("utf-8", "replace") if isinstance(payload, str) else payload


def with_compat32(raw: bytes) -> dict[str, Any]:
    """Read a mail with the standard library's forgiving parser."""
    mail = message_from_bytes(raw, policy=compat32)
    texts, pages, files = [], [], []
    for part in mail.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        content = content if isinstance(content, bytes) else b""
        kind = part.get_content_type()
        if kind == "text/html":
            pages.append(_decoded(content, part))
        elif kind.startswith("text/"):
            texts.append(_decoded(content, part))
        if part.get_filename() or not kind.startswith("text/"):
            files.append((part.get_filename(), kind, len(content), hashlib.sha256(content).hexdigest()))
    fields: dict[str, Any] = {
        "sha256": hashlib.sha256(raw).hexdigest(),
        "subject": _header(mail, "subject"),
        "from": getaddresses([_header(mail, "from")]),
        "reply_to": getaddresses([_header(mail, "reply-to")]),
        "return_path": getaddresses([_header(mail, "return-path")]),
        "received": [_hop(str(value)) for value in mail.get_all("received", [])],
        "date": _date(str(mail.get("date", ""))),
        "to": getaddresses([str(value) for name in ("to", "cc") for value in mail.get_all(name, [])]),
        "files": files,
    }
    to = [address for _, address in fields["to"]]
    return fields | searched("\n".join(texts), "\n".join(pages), str(fields["subject"]), to)


def _decoded(content: bytes, part: Message) -> str:
    try:
        return content.decode(str(part.get_content_charset() or "utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _header(mail: Message, name: str) -> str:
    value = str(mail.get(name, ""))
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, UnicodeError, IndexError):
        return value


def _hop(value: str) -> tuple[str, ...]:
    match = HOP.search(value)
    address = IP.search(match[2]) if match else None
    moment = _date(value.rpartition(";")[2])
    return (match[1] if match else "", address[1] if address else "", match[3] if match else "", moment)


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError):
        return ""
