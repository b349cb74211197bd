"""Which addresses may be connected to: public unicast ones, and what `allow_networks` names.

The guard looks at the address a socket is about to be connected to, after the name was resolved, on every redirect and
every connection: a name may answer with an inner address the second time. `ipaddress.is_global` is not enough: it lets
NAT64, 6to4's relay and multicast through. The list is IANA's special-purpose registries (RFC 6890 and successors) and
the addresses where clouds keep their metadata.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tipd.errors import TipdError

if TYPE_CHECKING:
    from collections.abc import Iterable

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL = {
    "169.254.169.254/32": "cloud metadata",
    "168.63.129.16/32": "cloud metadata",
    "100.100.100.200/32": "cloud metadata",
    "fd00:ec2::254/128": "cloud metadata",
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared address space",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved for protocols",
    "192.0.2.0/24": "for documentation",
    "192.31.196.0/24": "reserved (AS112)",
    "192.52.193.0/24": "reserved (AMT)",
    "192.88.99.0/24": "a 6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "reserved (AS112)",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::/128": "unspecified",
    "::1/128": "loopback",
    "::ffff:0:0/96": "an IPv4 address in disguise",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64",
    "100::/64": "discard-only",
    "2001::/32": "Teredo",
    "2001::/23": "reserved for protocols",
    "2001:db8::/32": "for documentation",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "reserved (AS112)",
    "3fff::/20": "for documentation",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
_RANGES: tuple[tuple[Network, str], ...] = tuple((ipaddress.ip_network(text), why) for text, why in _SPECIAL.items())
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that IANA has given out for unicast


class Refused(TipdError):
    """The guard does not let tipd connect there; the text says where and why."""


class Guard:
    """Vets addresses; `allow` are networks that may be reached although they are not public."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        """Raise ValueError where a text is not a network."""
        self._allow = tuple(ipaddress.ip_network(text) for text in allow)

    def also(self, allow: Iterable[str]) -> Guard:
        """Return a guard that allows these networks as well (a source's own)."""
        more = Guard(allow)
        more._allow = (*self._allow, *more._allow)
        return more

    def names(self, address: str) -> bool:
        """Return whether `allow_networks` names the address: a host of the operator's own."""
        value = _parse(address)
        return value is not None and any(value in network for network in self._allow)

    def reason(self, address: str) -> str | None:
        """Return why the address may not be connected to, None where it may."""
        value = _parse(address)
        if value is None:
            return "not a plain address"
        if any(value in network for network in self._allow):
            return None
        for network, why in _RANGES:
            if value in network:
                return why
        if isinstance(value, ipaddress.IPv6Address) and value not in _GLOBAL_UNICAST:
            return "not global unicast"
        return None

    def vet(self, address: str) -> None:
        """Raise Refused where the address may not be connected to."""
        reason = self.reason(address)
        if reason is not None:
            raise Refused(f"{address} is {reason}; allow_networks does not name it")


def _parse(address: str) -> Address | None:
    try:
        value = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A zone (`fe80::1%eth0`) would let a scoped address pass for another one.
    return None if isinstance(value, ipaddress.IPv6Address) and value.scope_id else value
