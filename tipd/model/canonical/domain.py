"""Domain names: lower-case A-labels without a trailing dot.

Names are taken as seen in the wild: underscores and hyphens anywhere but in the top-level domain, and A-labels that
IDNA 2008 would refuse, since such names resolve all the same. U-labels are mapped by UTS #46 (RFC 5895's successor in
practice), where the strict `idna` package refuses by the rules browsers follow.
"""

from __future__ import annotations

import re

import ada_url
import idna

from tipd.model.canonical.suffix import is_public_suffix
from tipd.model.indicator import RefusedValue

_LABELS = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*([a-z0-9_-]{1,63})\Z")
_TOP = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?\Z")
LONGEST = 253
LOCAL_TOPS = frozenset(
    {"localhost", "localdomain", "local", "localdomain4", "localdomain6", "lan", "internal", "intranet"}
)
LOCAL_NAMES = frozenset(
    {"broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes"}
    | {"ip6-allrouters", "ip6-allhosts", "home.arpa", "loopback"}
)


def canonical_name(text: str) -> str:
    """Return the name in lower-case A-labels without trailing dot; any number of labels.

    Raises RefusedValue (`malformed`, `too_long`, `empty`).
    """
    name = text.lower() if text.isascii() else _to_ascii(text)
    name = name.removesuffix(".")
    if not name:
        raise RefusedValue("empty")
    if len(name) > LONGEST:
        raise RefusedValue("too_long", text)
    match = _LABELS.match(name)
    if match is None or not _TOP.match(match[1]):
        raise RefusedValue("malformed", text)
    return name


def _to_ascii(text: str) -> str:
    if len(text) > LONGEST:  # before the quadratic parts of IDNA (CVE-2024-3651)
        raise RefusedValue("too_long", text)
    try:
        name = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return ".".join(label if label.isascii() else idna.encode(label).decode() for label in name.split("."))
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        name = ada_url.idna_to_ascii(text).decode().lower()
    except (ValueError, UnicodeError):
        name = ""
    if not name:  # its way of saying no
        raise RefusedValue("malformed", text)
    return name


def why_refused(name: str) -> str | None:
    """Return `localhost`, `public_suffix` or None for a canonical name."""
    if name in LOCAL_NAMES or name.rpartition(".")[2] in LOCAL_TOPS:
        return "localhost"
    if is_public_suffix(name):
        return "public_suffix"
    return None
