"""What the host's own checks found: `Authentication-Results` of its own `authserv_id` (RFC 8601), nobody else's.

Anybody can write such a field into a mail. A host removes those that bear its own id from outside (RFC 8601, 5), so
only fields with that id are believed, and where two stand the top one is the host's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tipd.mail.record import Auth, Dkim

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST = 4096
MOST_SIGNATURES = 10
_RESULTS = frozenset(  # RFC 8601, 2.7, and what was written before it; what is no result is somebody's word
    ("none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror", "hardfail", "bestguesspass")
)
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\A\s*([a-z0-9\-]{1,32})\s*(?:/\s*\d+)?\s*=\s*([a-z]{1,16})", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z0-9\-]{1,32})\.([a-z0-9\-]{1,32})\s*=\s*\"?([^\s\";]{1,320})", re.IGNORECASE)


def read(values: Sequence[str], authserv_id: str, from_domain: str, apex: Callable[[str], str]) -> Auth | None:
    """Return what the host found, None where it says nothing.

    `apex` gives a name's registrable domain: alignment is relaxed (RFC 7489, 3.1).
    """
    own = next((value for value in values if _id_of(value) == authserv_id.lower()), None) if authserv_id else None
    if own is None:
        return None
    spf = spf_domain = dmarc = ""
    signatures: list[Dkim] = []
    for piece in _COMMENT.sub(" ", own[:LONGEST]).split(";")[1:]:
        match = _RESULT.search(piece)
        if match is None:
            continue
        method, result = match[1].lower(), match[2].lower()
        if result not in _RESULTS:
            continue
        said = {f"{kind}.{name}".lower(): value.lower() for kind, name, value in _PROPERTY.findall(piece)}
        if method == "spf" and not spf:
            spf, spf_domain = result, _domain(said.get("smtp.mailfrom", said.get("smtp.helo", "")))
        elif method == "dkim" and len(signatures) < MOST_SIGNATURES:
            domain = _domain(said.get("header.d", said.get("header.i", "")))
            signatures.append(Dkim(domain=domain, result=result))
        elif method == "dmarc" and not dmarc:
            dmarc = result
    passed = [one.domain for one in signatures if one.result == "pass"] + ([spf_domain] if spf == "pass" else [])
    wanted = apex(from_domain) if from_domain else ""
    aligned = bool(wanted) and any(domain and apex(domain) == wanted for domain in passed)
    return Auth(spf=spf, spf_domain=spf_domain, dkim=tuple(signatures), dmarc=dmarc, aligned=aligned)


def _id_of(value: str) -> str:
    return _COMMENT.sub(" ", value[:LONGEST]).partition(";")[0].split(" ")[0].strip().strip('"').lower()


def _domain(text: str) -> str:
    return text.rpartition("@")[2].strip("<>\"'").removesuffix(".")
