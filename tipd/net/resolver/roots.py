"""Where a walk down the tree of zones begins: the root servers, IANA's or the operator's own (`[net] root_servers`)."""

from __future__ import annotations

import ipaddress
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_ROOTS = 32


def root_servers(texts: Sequence[str], port: int) -> tuple[tuple[str, int], ...]:
    """Return (address, port) of the root servers; of none given, those that tipd ships.

    `port` is for those that name none of their own. Raises ValueError, which names the key, where a text is no address.
    """
    if len(texts) > MOST_ROOTS:
        raise ValueError(f"root_servers: at most {MOST_ROOTS}")
    return tuple(_server(text, port) for text in texts) or tuple((address, port) for address in shipped())


def shipped() -> Iterator[str]:
    """Yield the addresses of the root servers that tipd ships, IPv4 and IPv6 as the file has them."""
    text = resources.files("tipd.net.resolver").joinpath("root_hints.txt").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield from line.split()[1:]


def _server(text: str, port: int) -> tuple[str, int]:
    host, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not text.startswith("[")):  # an address alone
        host, digits = text, str(port)
    if not digits.isascii() or not digits.isdigit() or not 0 < int(digits[:6]) < 2**16:
        raise ValueError(f"root_servers: {digits!r} is not a port")
    try:
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        return str(ipaddress.ip_address(bare)), int(digits)
    except ValueError:
        raise ValueError(f"root_servers: {host!r} is not an address") from None
