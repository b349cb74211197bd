"""The record of one mail: what leaves a mail host, one JSON object a line.

Formats carry a number. Keys this release does not know travel untouched (`Unknown`): a version that an agent of a newer
release sealed is stored, shown and passed on whole.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FORMAT = 1

MailClass = Literal["spam", "bounce", "auto_reply", "confirmation"]
Parser = Literal["fast", "fallback", "headers", "none"]
Trap = Literal["pristine", "recycled", "typo", ""]


class Hop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One `Received` field (RFC 5321, 4.4): who took the mail (`by`) from whom, and when (RFC 3339, UTC)."""

    by: str = ""
    from_: str = msgspec.field(default="", name="from")
    helo: str = ""
    address: str = ""
    at: str = ""


class Relay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who handed the mail to the first host that is trusted: its address as that host saw it, its name, its HELO."""

    address: str
    name: str = ""
    helo: str = ""


class Dkim(msgspec.Struct, frozen=True, kw_only=True):
    """One DKIM signature's result for a domain (RFC 8601)."""

    domain: str
    result: str


class Auth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the host's own `authserv_id` found; `aligned`: a pass of SPF or DKIM for the domain of From."""

    spf: str = ""
    spf_domain: str = ""
    dkim: tuple[Dkim, ...] = ()
    dmarc: str = ""
    aligned: bool = False


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file a mail carries: declared and real type, bytes, SHA-256; `inside`: what an archive or message holds."""

    name: str
    declared: str = ""
    real: str = ""
    size: int = 0
    sha256: str = ""
    inside: tuple[Attachment, ...] = ()
    cut: bool = False  # more is inside than was listed


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mail.

    `sha256`: of its bytes as they lie on the host. `at`: when it was received (RFC 3339, UTC). `subject_hash`: of the
    normalised subject; `text_hash`: fuzzy, of the text; `template`: what mails of one campaign have in common; the
    three are taken after masking, without a key. `urls`: canonical. `hosts`: names and addresses of URLs, registrable
    domains beside them. `recipients`: keyed HMACs, never addresses. `defects`: words of `tipd.mail.defects`.
    """

    format: int = FORMAT
    sha256: str
    at: str
    size: int
    class_: MailClass = msgspec.field(default="spam", name="class")
    trap: Trap = ""
    subject: str = ""
    subject_hash: str = ""
    from_: str = msgspec.field(default="", name="from")
    reply_to: str = ""
    return_path: str = ""
    relay: Relay | None = None
    received: tuple[Hop, ...] = ()
    auth: Auth | None = None
    urls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    text_hash: str = ""
    template: str = ""
    recipients: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    parser: Parser = "fast"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)
_any = msgspec.json.Decoder(dict[str, Any])
KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(Record))


def encode(record: Record) -> bytes:
    """Return the record as one JSON object (no newline); what is empty is left out."""
    return _encoder.encode(record)


def decode(line: bytes) -> Record:
    """Return the record of a line; keys that are not known are ignored. Raises msgspec.MsgspecError."""
    return _decoder.decode(line)


def unknown_keys(line: bytes) -> dict[str, Any]:
    """Return what a line says under keys this release does not know. Raises msgspec.MsgspecError."""
    return {key: value for key, value in _any.decode(line).items() if key not in KNOWN}
