"""The console's cookie in a Cookie header (RFC 6265), for the requests that quart does not see."""

from __future__ import annotations

from tipd.api.sessions import COOKIE

_LONGEST = 200


def session_of(header: str | None) -> str | None:
    """Return the session key in a Cookie header, None where there is none."""
    for pair in (header or "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and 0 < len(value) <= _LONGEST:
            return value
    return None
