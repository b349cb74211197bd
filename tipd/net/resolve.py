"""Names to addresses: the protocol the fetcher needs, and the system's own resolver. `stub.py` asks given servers."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Protocol

import trio

from tipd.errors import TipdError
from tipd.net.settings import name_servers

if TYPE_CHECKING:
    import random

    from tipd.net.settings import NetSettings

MAX_ADDRESSES = 16  # more than a fetch would ever try; an answer may hold thousands


class ResolveError(TipdError):
    """A name has no address, or nobody could say; the text is for the operator."""


class Resolver(Protocol):
    """Turns a host name (A-labels, no trailing dot) into addresses."""

    async def resolve(self, host: str) -> list[str]:
        """Return at least one address, the preferred first; raises ResolveError."""
        ...


class SystemResolver:
    """What the machine is set up to use (`getaddrinfo`: /etc/hosts, nsswitch, resolv.conf), in a thread."""

    async def resolve(self, host: str) -> list[str]:
        """Return at least one address, in the system's order (RFC 6724); raises ResolveError."""
        try:
            found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            text = (error.strerror if isinstance(error, OSError) else None) or "not a name"
            raise ResolveError(f"{host}: {text}") from None
        # A zone (`fe80::1%eth0`) is never public, and no network can name it.
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found if "%" not in str(entry[4][0])))
        if not addresses:
            raise ResolveError(f"{host}: has no address")
        return addresses[:MAX_ADDRESSES]


def literal(host: str) -> str | None:
    """Return the host in canonical form where it is an address, else None."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def make_resolver(settings: NetSettings, rng: random.Random) -> Resolver:
    """Return the resolver that `[net] resolvers` names."""
    from tipd.net.stub import StubResolver

    servers = name_servers(settings.resolvers)
    return StubResolver(servers, rng) if servers else SystemResolver()
