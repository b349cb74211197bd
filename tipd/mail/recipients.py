"""Whom a mail was sent or delivered to, as far as any field says so: whoever is not known here is not masked.

So this looks for more than a mail program would answer to: whatever looks like an address in any field that names
recipients, whoever made up the field's name. Those that the host itself wrote stand first: `To` is the sender's word.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LONGEST = 65536  # characters of a field that names recipients: whom it names is to be known whole
MOST_SIGNS = 2000  # signs of an address that are looked at in one field
_LONGEST_CLAUSE = 2048  # characters of a `Received` field
_SHORT = 320  # characters of a field that is remembered: a trap's own address stands in all of its mails
_BACK = 160  # characters that the part before the sign has at most, with comments
# Written by the host that delivered it, the nearest to the mailbox first.
_OF_HOST = ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-envelope-to", "x-rcpt-to")
_TO = re.compile(r"(?:\A|-)(?:to|cc|bcc)\Z|recipient|rcpt|deliver(?:ed|y)-for\Z")
# Where answers, complaints and receipts go to, which is the sender; and what else ends so.
_FROM = re.compile(r"reply|error|abuse|complain|report|follow|receipt|notification|bounce|return|unsubscribe|thread")
_DOMAIN = re.compile(r"\s{0,4}(?:\([^()]{0,64}\)\s{0,4})?(\[[0-9A-Za-z:.]{2,64}\]|\w(?:[\w.\-]{0,252}\w)?)")
_LOCAL = re.compile(
    r"""(?:"((?:[^"\\]|\\.){1,64})"|([^\s<>()\[\]",;:@]{1,64}))\s{0,4}(?:\([^()]{0,64}\)\s{0,4})?\Z""", re.DOTALL
)
_QUOTED = re.compile(r"\\(.)", re.DOTALL)
_FOR = re.compile(r"\s+(<[^<>]{1,320}>|[^\s<>;]{1,320})")
# What nearly all fields hold and nothing else: where a sign is left over, each is looked at.
_PLAIN = re.compile(
    r"(?<![^\s<>,;])[^\s<>()\[\]\",;:@\\]{1,64}+@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,252}[A-Za-z0-9])?(?![^\s<>,;])"
)


def named(headers: Mapping[str, Sequence[str]]) -> tuple[dict[str, None], bool]:
    """Return the recipients that a header names (names of fields in lower case), and whether that is surely all.

    In lower case, each once: what the host wrote that delivered it, what hosts on the way wrote, what the sender wrote.
    """
    found: dict[str, None] = {}
    whole = True
    fields = list(filter(_names_recipients, headers))
    for name in (*_OF_HOST, "received", *fields):
        values = headers.get(name, ())
        for value in _given(values) if name == "received" else values:
            written, sure = _remembered(value) if len(value) <= _SHORT else _written(value)
            found |= dict.fromkeys(written)
            whole = whole and sure
    return found, whole


@lru_cache(maxsize=2048)
def _names_recipients(name: str) -> bool:
    return name not in _OF_HOST and _TO.search(name) is not None and _FROM.search(name) is None


def _given(lines: Iterable[str]) -> Iterator[str]:
    """Yield for whom hosts on the way say that they took the mail (`for <a@example.org>`)."""
    for line in lines:
        text = line[:_LONGEST_CLAUSE]
        if "@" not in text:
            continue
        low = text.lower()
        at = low.find("for")
        while at >= 0:
            match = _FOR.match(text, at + 3) if not low[at - 1 : at].isalnum() else None
            if match is not None and "@" in match[1]:
                yield match[1]
            at = low.find("for", at + 3)


@lru_cache(maxsize=4096)
def _remembered(value: str) -> tuple[list[str], bool]:
    return _written(value)


def _written(value: str) -> tuple[list[str], bool]:
    """Return whatever looks like an address in a field, in lower case, and whether all of it was looked at."""
    text = value[:LONGEST]
    found: list[str] = _PLAIN.findall(text)
    if len(found) == text.count("@"):
        return [one.lower() for one in found], len(value) <= LONGEST
    found = []
    at = text.find("@")
    for _ in range(MOST_SIGNS):
        if at < 0:
            return found, len(value) <= LONGEST
        domain = _DOMAIN.match(text, at + 1)
        local = _LOCAL.search(text, max(0, at - _BACK), at) if domain else None
        if domain is not None and local is not None:
            name = _QUOTED.sub(r"\1", local[1]) if local[1] else local[2].replace("\\", "")
            if name:
                found.append(f"{name}@{domain[1]}".lower())
        at = text.find("@", at + 1)
    return found, False
