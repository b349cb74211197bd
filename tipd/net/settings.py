"""The `[net]` section of the configuration: how tipd reaches out."""

from __future__ import annotations

import ipaddress

import msgspec

from tipd.config import duration, size
from tipd.model.proxy import proxy_address
from tipd.net.request import Limits
from tipd.net.resolver.policy import Policy
from tipd.net.resolver.roots import root_servers

MAX_RESOLVERS = 8
MAX_IN_FLIGHT = 20_000


class NetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How tipd reaches out, `[net]`.

    `resolvers`: DNS servers as `"host:port"` (addresses, `"[::1]:53"` for IPv6), asked in turn; or `["system"]`
    `queries_per_second`: the most that fast-flux tracking asks each of `resolvers`, 0 for as much as it answers
    `queries_in_flight`: the most questions that wait for an answer of one resolver at once
    `allow_networks`: networks the fetcher may reach although they are not public, e.g. `["10.0.0.0/8"]`
    `contact`: an address (https://… or mailto:…) put into the User-Agent, so that a source's operator can reach you
    `proxy`: an HTTP proxy, `"http://10.0.0.1:3128"`, for every fetch whose source names none; its own address is
        trusted as you wrote it; names are then resolved by the proxy, which must refuse inner addresses by itself
    `ca_file`: certificates (PEM) trusted instead of the system's
    `deadline`: the longest one fetch may take, waiting for its turn at the host apart
    `connect_timeout`: for each address tried, and for the TLS handshake
    `answer_timeout`: from the request to the end of the answer's head
    `min_rate`: bytes a second below which a body is cut, over each `rate_window`
    `rate_window`: see `min_rate`
    `max_download`: largest body as it travels
    `max_body`: largest body after decompression
    `max_ratio`: how many times larger a body may become by decompression (beyond the first 8 MB)
    `asn_file`: who announces which addresses: iptoasn TSV, CSV ranges, pfx2as, pyasn `.dat` or MMDB; tipd ships none
    `root_servers`: where tipd begins when it asks zones' own servers, `"198.51.100.1"` or `"198.51.100.1:5300"`; empty:
        the root servers of the Internet
    `authority_port`: the port at which it asks zones' own servers
    `authority_rate`: questions a second to one of them; those inside `allow_networks` are asked as fast as they answer
    `walled_gardens`: addresses, networks and names to which policies of your resolvers send who asks for what they
        block; an answer that leads there changes no state
    `policy_zones`: response policy zones, tipd's own ones among them: an answer that bears their SOA changes no state
    `spacing`: pause between two connections to one host; none for hosts inside `allow_networks`
    """

    resolvers: tuple[str, ...] = ("system",)
    queries_per_second: int = 1000
    queries_in_flight: int = 1000
    allow_networks: tuple[str, ...] = ()
    contact: str = ""
    proxy: str = ""
    ca_file: str = ""
    deadline: str = "10m"
    connect_timeout: str = "10s"
    answer_timeout: str = "60s"
    min_rate: str = "1KB"
    rate_window: str = "30s"
    max_download: str = "256MB"
    max_body: str = "1GB"
    max_ratio: int = 200
    spacing: str = "1s"
    asn_file: str = ""
    root_servers: tuple[str, ...] = ()
    authority_port: int = 53
    authority_rate: int = 200
    walled_gardens: tuple[str, ...] = ()
    policy_zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        for key in ("deadline", "connect_timeout", "answer_timeout", "rate_window", "spacing"):
            _seconds(key, getattr(self, key))
        for key in ("min_rate", "max_download", "max_body"):
            _bytes(key, getattr(self, key))
        if self.max_ratio < 2:
            raise ValueError("max_ratio must be at least 2")
        if "\n" in self.contact or not self.contact.isascii() or "(" in self.contact or ")" in self.contact:
            raise ValueError("contact must be plain ASCII without parentheses, such as https://example.org/tipd")
        if self.queries_per_second < 0:
            raise ValueError("queries_per_second must not be negative (0: no limit)")
        if not 0 < self.queries_in_flight <= MAX_IN_FLIGHT:
            raise ValueError(f"queries_in_flight must be 1 to {MAX_IN_FLIGHT}")
        networks("allow_networks", self.allow_networks)
        name_servers(self.resolvers)
        if not 0 < self.authority_port < 2**16:
            raise ValueError(f"authority_port: {self.authority_port} is not a port")
        if self.authority_rate < 1:
            raise ValueError("authority_rate: must be at least 1")
        root_servers(self.root_servers, self.authority_port)
        Policy(self.policy_zones, self.walled_gardens)
        if self.proxy:
            proxy_address(self.proxy)

    def limits(self) -> Limits:
        """Return the bounds of a fetch whose source sets none."""
        return Limits(
            deadline=_seconds("deadline", self.deadline),
            connect=_seconds("connect_timeout", self.connect_timeout),
            answer=_seconds("answer_timeout", self.answer_timeout),
            min_rate=_bytes("min_rate", self.min_rate),
            rate_window=_seconds("rate_window", self.rate_window),
            max_wire=_bytes("max_download", self.max_download),
            max_body=_bytes("max_body", self.max_body),
            max_ratio=self.max_ratio,
        )

    def spacing_seconds(self) -> float:
        """Return `spacing` in seconds."""
        return _seconds("spacing", self.spacing)


def networks(key: str, texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return networks (host bits must be zero); ValueError names the key and the text."""
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def name_servers(resolvers: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Return (address, port) of each server, empty for `("system",)`; ValueError says what is wrong."""
    if resolvers == ("system",):
        return ()
    if not resolvers or len(resolvers) > MAX_RESOLVERS:
        raise ValueError(f'resolvers: give "system" or 1 to {MAX_RESOLVERS} addresses with a port')
    return tuple(_server(text) for text in resolvers)


def _server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16:
        raise ValueError(f'resolvers: {text!r} is not "host:port" (write "127.0.0.1:53" or "[::1]:53")')
    try:
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        raise ValueError(f"resolvers: {host!r} is not an address") from None


def _seconds(key: str, text: str) -> float:
    try:
        seconds = duration(text).total_seconds()
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    if seconds <= 0 and key != "spacing":
        raise ValueError(f"{key}: must be longer than nothing")
    return seconds


def _bytes(key: str, text: str) -> int:
    try:
        return size(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
