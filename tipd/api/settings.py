"""The section `[api]` of the configuration."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tipd.api.address import Address, parse_listen
from tipd.config import duration, size

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_DURATIONS = ("head_timeout", "send_timeout", "keep_alive", "reader_stall", "ping_every", "stop_grace", "session_idle")
_SIZES = ("max_body", "max_upload", "reader_backlog")
_COUNTS = ("max_connections", "max_readers")


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where and how tipd answers.

    listen: `host:port`, `[v6]:port`, `unix:/path`, or a list of them; sockets handed over by systemd take their place.
    tls_cert_file: a PEM file with the certificate chain; with it every `host:port` speaks TLS.
    tls_key_file: the PEM file with the key of that certificate.
    trusted_proxies: networks (or `unix`: all `unix:` listeners) whose X-Forwarded-For and -Proto are believed.
    allowed_origins: further origins, `https://tipd.example.org`, whose pages may use the API with a console session.
    max_connections: connections held at once; those beyond get a 503. The control socket has room of its own.
    max_readers: readers of the stream at once.
    max_body: bytes of one request's body.
    max_upload: bytes of a file that is sent in pieces, to be loaded as history.
    head_timeout: how long a client may take to send the head of its first request.
    send_timeout: how long one piece of an answer may wait for a client that does not read.
    keep_alive: how long an idle connection is kept.
    reader_backlog: bytes that may wait for one reader of the stream before it is cut with 1013.
    reader_stall: how long bytes may wait for one reader of the stream, without progress, before it is cut with 1013.
    ping_every: how often readers of the stream are pinged; one that says nothing until the next ping is cut.
    stop_grace: how long running answers may go on when tipd stops; at most 5s.
    session_idle: how long a console session lasts without use.
    """

    listen: str | list[str] = "127.0.0.1:8470"
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    trusted_proxies: list[str] = []
    allowed_origins: list[str] = []
    max_connections: int = 2000
    max_readers: int = 1500
    max_body: str = "8MB"
    max_upload: str = "1GB"
    head_timeout: str = "10s"
    send_timeout: str = "60s"
    keep_alive: str = "30s"
    reader_backlog: str = "1MB"
    reader_stall: str = "10s"
    ping_every: str = "30s"
    stop_grace: str = "3s"
    session_idle: str = "12h"

    def __post_init__(self) -> None:
        """Check every key; raises ValueError that names it."""
        for key in (*_DURATIONS, *_SIZES, *_COUNTS):
            _positive(self, key)
        if duration(self.stop_grace).total_seconds() > 5:
            raise ValueError("stop_grace is at most 5s: tipd stops within 10 s")
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_cert_file and tls_key_file go together")
        for text in self.allowed_origins:
            _check_origin(text)
        self.addresses()
        self.proxies()

    def addresses(self) -> list[Address]:
        """Return what `listen` names."""
        return [parse_listen(text) for text in ([self.listen] if isinstance(self.listen, str) else self.listen)]

    def proxies(self) -> tuple[Network, ...]:
        """Return the networks of `trusted_proxies` (without the word `unix`)."""
        return tuple(_network(text) for text in self.trusted_proxies if text != "unix")


def _positive(settings: ApiSettings, key: str) -> None:
    value = getattr(settings, key)
    try:
        number = duration(value).total_seconds() if key in _DURATIONS else size(value) if key in _SIZES else value
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    if number <= 0:
        raise ValueError(f"{key} must be more than nothing")


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"trusted_proxies: {text!r} is neither a network nor 'unix'") from None


def _check_origin(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"allowed_origins: {text!r} is not an origin such as https://tipd.example.org")


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of the section: seconds and bytes."""

    max_connections: int
    max_readers: int
    max_body: int
    max_upload: int
    head_timeout: float
    send_timeout: float
    keep_alive: float
    reader_backlog: int
    reader_stall: float
    ping_every: float
    stop_grace: float
    session_idle: float


def limits_of(settings: ApiSettings) -> Limits:
    """Return the section's durations in seconds and sizes in bytes."""
    seconds = {key: duration(getattr(settings, key)).total_seconds() for key in _DURATIONS}
    numbers: dict[str, Any] = seconds | {key: size(getattr(settings, key)) for key in _SIZES}
    return Limits(max_connections=settings.max_connections, max_readers=settings.max_readers, **numbers)
