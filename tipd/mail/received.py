"""The `Received` chain and the relay at the trust boundary (RFC 5321, 4.4).

Only fields that hosts of ours wrote can be believed: they stand on top. The relay is whoever the lowest of them took
the mail from; everything below is what the sender says.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from tipd.mail import headers
from tipd.mail.record import Hop, Relay

if TYPE_CHECKING:
    from collections.abc import Sequence

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 2048
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_FROM = re.compile(r"\A\s*from\s+(\S{1,255})", re.IGNORECASE)
_BY = re.compile(r"(?:\A|\s)by\s+(\S{1,255})", re.IGNORECASE)
_HELO = re.compile(r"(?:helo|ehlo)[=\s]+([^\s()\[\];,]{1,255})", re.IGNORECASE)
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]")
_INSIDE = re.compile(r"\((?:\S+\s)?\s*((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.:]{0,15})\s*\)")
_BARE = re.compile(r"(?<![0-9A-Za-z.:])(\d{1,3}(?:\.\d{1,3}){3})(?![0-9A-Za-z.])")
_NAME = re.compile(r"\(\s*([A-Za-z0-9](?:[A-Za-z0-9._\-]{0,252}))\s*(?:\[|\()")


def hop(value: str) -> Hop:
    """Return what one field says; what it does not say is empty."""
    text = value[:LONGEST]
    clauses, _, when = text.rpartition(";")
    clauses = clauses or text
    begun = _BY.search(clauses)
    sender = clauses[: begun.start()] if begun else clauses
    helo, by, name = _FROM.search(clauses), begun, _NAME.search(sender)
    said = _HELO.search(sender) or helo
    moment = headers.date(when)
    return Hop(
        by=_host(by[1]) if by else "",
        from_=_host(name[1]) if name else _host(helo[1]) if helo else "",
        helo=_host(said[1]) if said else "",
        address=_address(sender),
        at=headers.written(moment) if moment else "",
    )


def relay(hops: Sequence[Hop], own: Sequence[Network]) -> Relay | None:
    """Return who handed the mail to us: of the first hop that took it from an address that is not ours.

    The top field was written by our own host. Who writes that he took a mail from one of ours (`own`: networks and
    relays of the operator; private and loopback ones count too), or from a program on his own machine, vouches for the
    field below. None where the mail never came from outside, or nobody says from where.
    """
    for one in hops:
        if one.address and not _is_ours(one.address, own):
            return Relay(address=one.address, name=one.from_ if one.from_ != one.helo else "", helo=one.helo)
    return None


def _is_ours(text: str, own: Sequence[Network]) -> bool:
    """Say whether an address is inside: one of the operator's, or none that could come from outside."""
    address = ipaddress.ip_address(text)
    inner = address.is_loopback or address.is_link_local or any(address in network for network in _PRIVATE)
    return inner or any(address.version == network.version and address in network for network in own)


def _address(text: str) -> str:
    for found in (*_BRACKETED.findall(text), *_INSIDE.findall(text), *_BARE.findall(text)):
        try:
            address = ipaddress.ip_address(found)
        except ValueError:
            continue
        mapped = getattr(address, "ipv4_mapped", None)
        return str(mapped or address)
    return ""


def _host(text: str) -> str:
    return text.strip("()[]<>,;").removesuffix(".").lower()[:255]
