"""The `Received` chain and the relay at the trust boundary (RFC 5321, 4.4).

Only fields that hosts of ours wrote can be believed: they stand on top. The relay is whoever the lowest of them took
the mail from; everything below is what the sender says.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tipd.mail import headers
from tipd.mail.record import Hop, Relay
from tipd.model.canonical.address import format_address, parse_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.mail.context import Network

LONGEST = 2048
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
# Postfix, sendmail, and many others: `from WHAT HE SAID (NAME [ADDRESS]) by US`; Exchange writes the address bare.
_PLAIN = re.compile(
    r"from (\S{1,255}) \((?![HhEe][EeHh][Ll][Oo])"
    r"(?:(?:(?:[^\s()\[\]@]{1,64}@)?([A-Za-z0-9._\-]{1,253}) )?\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]"
    r"(?: \(may be forged\))?|([0-9A-Fa-f.:]{2,45}))\)"
    r"\s(?:\(using [^()]*(?:\([^()]*\)[^()]*)*+\)\s)?(?:\([^()]*\)\s)*+by (\S{1,255})"
)
# Exim: `from NAME ([ADDRESS] helo=WHAT HE SAID) by US`; and those who write `from NAME [ADDRESS] by US`.
_EXIM = re.compile(
    r"from ([A-Za-z0-9._\-]{1,255}) \(?\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\](?::[0-9]{1,5})?"
    r"(?: helo=\[?([^\s()\]]{1,255})\]?)?(?: [a-z]+=[^\s()]+)*+\)? by (\S{1,255})"
)
_FROM = re.compile(r"\s*from\s+(\S{1,255})", re.IGNORECASE)
_BY = re.compile(r"(?:\A|\s)by\s+(\S{1,255})", re.IGNORECASE)
# What the sender called himself, as Exim (`helo=`), qmail (`HELO x`) and others write it beside what they saw.
_HELO = re.compile(r"(?:helo|ehlo)[=\s]+\[?([^\s()\[\];,]{1,255})\]?", re.IGNORECASE)
_COMMENT = re.compile(r"\(([^()]*)\)")
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![0-9A-Za-z.:-])([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f.]{0,15}){2,8})(?![\w.:-])"
)
_NAME = re.compile(r"\(\s*(?:[^\s()\[\]@]{1,64}@)?([A-Za-z0-9][A-Za-z0-9._\-]{0,252})\s*[\[()]")
_NOBODY = frozenset({"helo", "ehlo", "unknown", "unverified", "envelope-from", "authenticated"})
_SELF = frozenset({"localhost", "localhost.localdomain", "127.0.0.1", "::1", ""})


def hop(value: str) -> Hop:
    """Return what one field says; what it does not say is empty.

    `helo` is empty too where the sender calls himself what the host looked up: so `from_` without a `helo` beside it is
    the host's own word, and both alike are the sender's.
    """
    text = value[:LONGEST]
    clauses, _, when = text.rpartition(";")
    clauses = clauses or text
    at = headers.moment(when)
    plain = _PLAIN.match(clauses)
    if plain is None:
        return _odd(clauses, at)
    said, name, bracketed, bare, by = plain.groups()
    address = _canonical(bracketed or bare)
    if not address:
        return _odd(clauses, at)
    helo = _host(said)
    if name is None or name.lower() in _NOBODY:
        return Hop(by=_host(by), from_=helo, helo=helo, address=address, at=at)
    from_ = _host(name)  # as the host looked it up; where the sender calls himself so too, it is said once
    return Hop(by=_host(by), from_=from_, helo="" if from_ == helo else helo, address=address, at=at)


def _odd(clauses: str, at: str) -> Hop:
    sender, by = _by(clauses)
    if not sender or sender.startswith("("):  # a program of its own machine, as qmail and sendmail write it
        return Hop(by=_host(by), at=at)
    exim = _EXIM.match(clauses)
    if exim is not None and (address := _canonical(exim[2])):
        return Hop(by=_host(exim[4]), from_=_host(exim[1]), helo=_host(exim[3] or exim[1]), address=address, at=at)
    opened = _FROM.match(sender)
    helo = opened[1] if opened else ""
    beside = sender[opened.end() :] if opened else sender
    name = _NAME.search(beside) if "(" in beside else None
    said = _HELO.search(sender) if _says_helo(sender) else None
    called = _host(said[1] if said else helo)
    looked_up = _host(name[1]) if name and name[1].lower() not in _NOBODY else ""
    return Hop(
        by=_host(by),
        from_=looked_up or _host(helo),
        helo="" if looked_up and looked_up == called else called,
        address=_address(helo, beside),
        at=at,
    )


def _by(clauses: str) -> tuple[str, str]:
    """Return what stands before the `by` clause, and the host that it names."""
    if clauses.startswith("by "):
        return "", clauses[3:].partition(" ")[0][:255]
    before, by, behind = clauses.partition(" by ")
    if by:
        return before, behind.partition(" ")[0][:255]
    begun = _BY.search(clauses)
    return (clauses[: begun.start()], begun[1]) if begun else (clauses, "")


def _says_helo(text: str) -> bool:
    return "elo" in text or "ELO" in text or "ehlo" in text or "EHLO" in text


def relay(hops: Sequence[Hop], own: Sequence[Network]) -> Relay | None:
    """Return who handed the mail to us: of the first hop that took it from an address that is not ours.

    The top field was written by our own host. Who writes that he took a mail from one of ours (`own`: networks and
    relays of the operator; private and loopback ones count too), or from a program on his own machine, vouches for the
    field below. None where the mail never came from outside, or where one of ours does not say from what address.
    """
    for one in hops:
        if not one.address:
            if one.from_ not in _SELF and one.from_ != one.by:
                return None  # it came from elsewhere, and whatever stands below may be made up
        elif not _is_ours(one.address, own):
            return Relay(address=one.address, name=one.from_ if one.from_ != one.helo else "", helo=one.helo)
    return None


def _is_ours(text: str, own: Sequence[Network]) -> bool:
    """Say whether an address is inside: one of the operator's, or none that could come from outside."""
    if _is_inner(text):
        return True
    if not own:
        return False
    address = ipaddress.ip_address(text)
    return any(address.version == network.version and address in network for network in own)


@lru_cache(maxsize=8192)
def _is_inner(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.is_loopback or address.is_link_local or any(address in network for network in _PRIVATE)


def _address(helo: str, beside: str) -> str:
    """Return the address that the receiving host saw.

    It stands in the last comment, or in brackets; what the sender called himself comes before it, or behind `helo`,
    and may be an address too, any he likes.
    """
    if _says_helo(beside):
        beside = _HELO.sub(" ", beside)
    for comment in reversed(_COMMENT.findall(beside)) if "(" in beside else ():
        found = _first(_BRACKETED.findall(comment)) or _first(_BARE.findall(comment))
        if found:
            return found
    return _first(_BRACKETED.findall(beside)) or _first([helo.strip("[]()").removeprefix("IPv6:")])


def _first(candidates: Sequence[str]) -> str:
    return next((found for candidate in candidates if (found := _canonical(candidate))), "")


@lru_cache(maxsize=8192)
def _canonical(text: str) -> str:
    """Return the one form of an address, empty for what is none."""
    parsed = parse_address(text)
    if parsed is None:
        return ""
    return text if ":" not in text else format_address(*parsed)  # there is but one way to write an IPv4 address


def _host(text: str) -> str:
    return text.strip("()[]<>,;").removesuffix(".").lower()
