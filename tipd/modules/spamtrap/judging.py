"""What a mail says that may be acted on, and what are only facts of it. Pure.

A sighting is what the trap itself saw: who handed the mail over at the trust boundary. From, Reply-To, Return-Path and
the hops below are what the sender wants to be believed; the domain of From counts only where the host's own check of
DKIM or SPF passed for it, aligned. Hosts of URLs are candidates, for others to look at; no mail lists one. Bounces,
automatic replies and confirmations count for nothing: a trap gets them because somebody forged its address.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from tipd.mail.shapes import shape
from tipd.model.canonical.address import format_address, parse_address
from tipd.model.canonical.bogon import is_bogon
from tipd.model.canonical.domain import canonical_name
from tipd.model.canonical.suffix import registrable
from tipd.model.canonical.url import LONGEST
from tipd.model.indicator import RefusedValue
from tipd.modules.spamtrap.knowledge.entry import Kind
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.mail.record import Record

type Unseen = Literal["", "class", "no_relay", "not_public", "own", "provider"]

UNKNOWN = "unknown"  # what hosts write where an address has no name
MOST_LINKS = 100  # of one mail
_DROPPED = (Kind.COMMON, Kind.TRACKER)


@dataclass(frozen=True, slots=True)
class Ground:
    """What mails are judged by: what is known of relays and hosts, and what is inside the trust boundary."""

    knowledge: Knowledge = field(default_factory=Knowledge)
    own: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()


class Link(NamedTuple):
    """A URL by its shape; `shared`: strangers put their pages on its host, which therefore says nothing."""

    host: str
    shape: str
    example: str
    shared: bool = False


class Judged(NamedTuple):
    """What of a mail counts.

    `counts`: it is spam; `relay`: the address that is sighted, None for the reason `unseen`; `links`: what it leads to,
    each shape once; `sender`: the domain of From where it is proven.
    """

    counts: bool
    relay: str | None = None
    unseen: Unseen = ""
    links: tuple[Link, ...] = ()
    sender: str = ""


def judge(record: Record, ground: Ground) -> Judged:
    """Return what of a mail counts."""
    if record.class_ != "spam":
        return Judged(counts=False, unseen="class")
    relay, unseen = _relay(record, ground)
    links = tuple(_links(record.urls, ground.knowledge))
    return Judged(counts=True, relay=relay, unseen=unseen, links=links, sender=_sender(record, ground.knowledge))


def _relay(record: Record, ground: Ground) -> tuple[str | None, Unseen]:
    """Return the relay at the trust boundary as an indicator's value, or why there is none."""
    if record.relay is None:
        return None, "no_relay"
    parsed = parse_address(record.relay.address)
    if parsed is None or is_bogon(*parsed):
        return None, "not_public"
    value = format_address(*parsed)
    address = ipaddress.ip_address(value)
    if any(address.version == network.version and address in network for network in ground.own):
        return None, "own"
    name = "" if record.relay.name.lower() == UNKNOWN else record.relay.name
    passed = record.auth.spf_domain if record.auth and record.auth.spf == "pass" else ""
    if ground.knowledge.is_provider(value, name, passed):
        return None, "provider"
    return value, ""


def _links(urls: Sequence[str], knowledge: Knowledge) -> list[Link]:
    found: dict[tuple[str, str], Link] = {}
    for url in urls[:MOST_LINKS]:
        if "://" not in url[:10] or len(url) > LONGEST:
            continue
        made = shape(url)
        kind = knowledge.of_host(made.host_folded)
        if kind in _DROPPED or not made.host_folded:
            continue
        link = Link(made.host_folded, made.shape, url, kind is Kind.SHARED)
        found.setdefault((link.host, link.shape), link)
    return list(found.values())


def _sender(record: Record, knowledge: Knowledge) -> str:
    """Return the domain of From where the host's own checks prove it, and it is not everybody's."""
    if record.auth is None or not record.auth.aligned:
        return ""
    try:
        domain = registrable(canonical_name(record.from_.rpartition("@")[2]))
    except RefusedValue:
        return ""
    return "" if knowledge.is_mailbox(domain) or knowledge.of_host(domain) is not None else domain
