"""E-mail addresses: the local part as it stands (RFC 5321: only its own host may fold it), the domain canonical."""

from __future__ import annotations

import re

from tipd.model.canonical.domain import canonical_name, why_refused
from tipd.model.indicator import RefusedValue

# RFC 5322 dot-atom, and letters beyond ASCII (RFC 6531). Quoted local parts are not seen in lists; a slash is not taken
# although the RFC allows it, since `a/b@example.org` is a path to whoever reads it without being told.
_ATOM = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,./\"]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*\Z")
_LONGEST_LOCAL = 64


def canonical_email(text: str, *, poison: bool = True) -> str:
    """Return `local@domain`.

    Raises RefusedValue: `malformed`, `too_long`; by its domain `localhost` and, for a single label, `public_suffix`.
    """
    local, at, name = text.strip("<>").removeprefix("mailto:").rpartition("@")
    # What cannot be printed (controls, marks that turn the direction of writing, surrogates) is there to deceive.
    if not at or not _LOCAL.match(local) or not local.isprintable():
        raise RefusedValue("malformed", text)
    if len(local.encode()) > _LONGEST_LOCAL:
        raise RefusedValue("too_long", text)
    name = canonical_name(name)
    reason = why_refused(name) if poison else None
    if reason == "localhost" or (reason and "." not in name):
        raise RefusedValue(reason, text)
    return f"{local}@{name}"
