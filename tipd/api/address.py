"""Where to listen: `host:port`, `[v6]:port` or `unix:/path`, as text and as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host (a name, an address, or empty for all) and a port, 0 for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A unix socket's absolute path."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


type Address = TcpAddress | UnixAddress


def parse_listen(text: str) -> Address:
    """Return the address a `listen` text names; raises ValueError that shows the text and how to write it."""
    if text.startswith("unix:"):
        path = Path(text.removeprefix("unix:"))
        if not path.is_absolute():
            raise ValueError(f"listen: {text!r} needs an absolute path (write unix:/run/tipd/api.sock)")
        return UnixAddress(path)
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"listen: {text!r} is ambiguous (write [::1]:8470)")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"listen: {text!r} is neither host:port nor unix:/path")
    return TcpAddress("" if host == "*" else host, int(port))


def base_of(names: Iterable[str], *, secure: bool) -> str | None:
    """Return the URL at which a browser on this machine finds what listens on these `names`; None: on no port."""
    place = next((name for name in names if not name.startswith("unix:")), None)
    if place is None:
        return None
    host, _, port = place.rpartition(":")
    here = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http{'s' if secure else ''}://{here}:{port}"
