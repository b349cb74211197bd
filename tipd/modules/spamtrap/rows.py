"""What of a record goes into which column; hostile text is tamed here."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Any

import msgspec

from tipd.mail.record import FORMAT, Record

LONGEST_REST = 8192
LONGEST_SUBJECT = 500
_LONG = ("received", "urls", "hosts", "mails", "attachments")


def rest_of(record: Record) -> bytes:
    """Return as JSON what has no column of its own, at most `LONGEST_REST` bytes of it: whole keys are left out."""
    blank = msgspec.structs.replace(
        record, format=FORMAT, sha256="", at="", size=0, class_="spam", subject="", recipients=(), template=""
    )
    kept = {key: value for key, value in _tame(msgspec.to_builtins(blank)).items() if value not in ("", 0)}
    for name in (*_LONG, ""):
        made = msgspec.json.encode(kept)
        if len(made) <= LONGEST_REST:
            return made
        kept.pop(name, None)
    return b"{}"


def relay_of(record: Record) -> str | None:
    """Return the relay's address as the store writes one, whatever it is worth."""
    if record.relay is None:
        return None
    try:
        return str(ipaddress.ip_address(record.relay.address.partition("%")[0]))
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """Return a record's moment in UTC, None where it has none."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def text_of(text: str, most: int = LONGEST_SUBJECT) -> str:
    """Return a text that the store takes: no NUL, no half characters, not too long."""
    text = text[:most]
    return text if text.isascii() and "\0" not in text else text.replace("\0", "").encode("utf-8", "replace").decode()


def _tame(value: Any) -> Any:
    if isinstance(value, str):
        return text_of(value, LONGEST_REST)
    if isinstance(value, dict):
        return {key: _tame(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tame(each) for each in value]
    return value
