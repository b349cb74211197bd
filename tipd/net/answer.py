"""What an answer's head means: validators, when to come back, and a status in the words of a source's states."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tipd.net.request import FetchError, Validators

if TYPE_CHECKING:
    from collections.abc import Iterable

    import h11

    from tipd.net.request import Digest

REDIRECTS = frozenset({301, 302, 303, 307, 308})
BODY = frozenset({200, 203})
MAX_RETRY_AFTER = 86400.0  # seconds; who asks for more is asked again after a day
MAX_VALIDATOR = 1024
MAX_KEPT = 8192


def header(answer: h11.Response, name: bytes) -> str | None:
    """Return a header's first value, None where there is none."""
    for key, value in answer.headers:
        if key == name:
            return bytes(value).decode("latin-1").strip()
    return None


def kept(answer: h11.Response, names: Iterable[str]) -> dict[str, str]:
    """Return those of the named headers that are there, several of one name as one list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for key, value in answer.headers:
        name, text = bytes(key).decode(), bytes(value).decode("latin-1").strip()
        if name in names and len(found.get(name, "")) + len(text) <= MAX_KEPT:
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def content_encoding(answer: h11.Response) -> str:
    """Return all codings that were applied, as one text."""
    return ", ".join(bytes(value).decode("latin-1") for key, value in answer.headers if key == b"content-encoding")


def content_type(answer: h11.Response) -> str | None:
    """Return the media type without its parameters, in lower case."""
    value = header(answer, b"content-type")
    return value.split(";")[0].strip().lower()[:200] if value else None


def validators(answer: h11.Response, digest: Digest) -> Validators:
    """Return what to send back next time; only a 200 tells (a 304's headers may be any cache's)."""
    return Validators(
        etag=_validator(header(answer, b"etag")),
        last_modified=_validator(header(answer, b"last-modified")),
        sha256=digest,
    )


def _validator(value: str | None) -> str | None:
    """Keep what can be sent back as it came: weak, unquoted, in a wrong date format, but short and in ASCII."""
    return value if value and len(value) <= MAX_VALIDATOR and value.isascii() and value.isprintable() else None


def retry_after(answer: h11.Response, now: datetime) -> float | None:
    """Return Retry-After in seconds from now, 0 to a day, None where there is none that can be read.

    A date is compared with the answer's own Date where it has one, so that neither clock needs to be right.
    """
    text = header(answer, b"retry-after")
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER)
    when, then = _date(text), _date(header(answer, b"date") or "")
    if when is None:
        return None
    return min(max((when - (then or now)).total_seconds(), 0.0), MAX_RETRY_AFTER)


def _date(text: str) -> datetime | None:
    if not text or len(text) > 64:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def trouble(answer: h11.Response, now: datetime) -> FetchError | None:
    """Return the error that a status stands for, None where a body follows."""
    status, wait = answer.status_code, retry_after(answer, now)
    if status in BODY:
        return None
    if status in {401, 403}:
        return FetchError("forbidden", f"the server refuses: {status}", wait, status)
    if status == 407:
        return FetchError("forbidden", "the proxy answered 407: it asks who we are (proxy_credential)", wait, status)
    if status in {404, 410}:
        return FetchError("gone", f"the page is gone: {status}", wait, status)
    if status in {429, 509} or (status == 503 and wait is not None):
        when = f"; come back in {wait:.0f} s" if wait is not None else ""
        return FetchError("rate_limited", f"too many requests: {status}{when}", wait, status)
    if 200 <= status < 300:
        return FetchError("wrong_page", f"the server answered {status} where a page is due", None, status)
    return FetchError("unreachable", f"the server answered {status}", wait, status)
