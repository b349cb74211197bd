"""Who is really asking, where a proxy that is trusted says so."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tipd.api.settings import ApiSettings, Network

_MOST_HOPS = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """The client's address (None: unknown, as on a unix socket) and the scheme it used."""

    client: str | None
    scheme: str


class Proxies:
    """The proxies whose word counts."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take the networks of `trusted_proxies`."""
        self._networks: Sequence[Network] = settings.proxies()
        self._unix = "unix" in settings.trusted_proxies

    def trusts(self, client: str | None) -> bool:
        """Return whether this direct peer may speak for others."""
        if client is None:
            return self._unix
        try:
            address = ipaddress.ip_address(client.partition("%")[0])
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain.version == network.version and plain in network for network in self._networks)

    def seen(self, client: str | None, scheme: str, headers: Iterable[tuple[bytes, bytes]]) -> Seen:
        """Return what a direct peer's headers say about who asks, if it may say so.

        Of X-Forwarded-For counts the last address that is not itself a trusted proxy: what stands before it anybody can
        have written.
        """
        if not self.trusts(client):
            return Seen(client, scheme)
        hops: list[str] = []
        for name, value in headers:
            if name.lower() == b"x-forwarded-for":
                hops += [hop.strip() for hop in value.decode("latin-1").split(",")]
            elif name.lower() == b"x-forwarded-proto" and value.lower() in {b"http", b"https"}:
                scheme = value.lower().decode()
        return Seen(self._nearest(hops[-_MOST_HOPS:], client), scheme)

    def _nearest(self, hops: Sequence[str], client: str | None) -> str | None:
        for hop in reversed(hops):
            try:
                client = str(ipaddress.ip_address(hop))
            except ValueError:
                return client
            if not self.trusts(client):
                return client
        return client
