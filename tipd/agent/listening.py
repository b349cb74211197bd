"""Where the agent listens: sockets by address, and TLS, which is required beyond loopback."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.agent.certificate import vouched
from tipd.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BACKLOG = 512
_USER_TIMEOUT = 30_000  # milliseconds after which the kernel gives up a client that takes nothing
_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})", re.ASCII)
_MOST_PORT = 65535


@dataclass(slots=True)
class Keys:
    """The files of the listener's certificate: read again when they change."""

    certificate: Path
    key: Path
    authority: Path | None = None  # whose signature is enough of a peer that was enrolled by its name
    _stamp: object = None
    _clients: str = ""
    _context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Return what new connections use; raises ConfigError that names the file."""
        if self._context is None:
            self._stamp = self._now()
            self._context = server_context(self.certificate, self.key, self._clients, self.authority)
        return self._context

    def renew(self, clients: str) -> str:
        """Read the files again where they, or the client certificates, changed; return what is wrong with them."""
        stamp = self._now()
        if stamp == self._stamp and clients == self._clients:
            return ""
        self._stamp, self._clients = stamp, clients
        try:
            self._context = server_context(self.certificate, self.key, clients, self.authority)
        except ConfigError as error:
            return str(error)
        return ""

    def _now(self) -> object:
        found = []
        for path in (self.certificate, self.key, *([self.authority] if self.authority else [])):
            try:
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_ino, stat.st_size))
            except OSError as error:
                found.append((error.errno or 0, 0, 0))
        return found


@dataclass(slots=True)
class Listener:
    """One listening socket."""

    socket: socket.socket
    keys: Keys | None = field(default=None)

    @property
    def port(self) -> int:
        """The port it got."""
        return int(self.socket.getsockname()[1])

    def tls(self) -> ssl.SSLContext | None:
        """Return what new connections use, None for a plain one."""
        return self.keys.context() if self.keys else None

    def vouched(self, certificate: bytes) -> frozenset[str]:
        """Return the names in a client certificate (DER) that the authority of this listener signed."""
        return vouched(certificate, self.keys.authority) if self.keys and self.keys.authority else frozenset()

    def renew(self, clients: str) -> str:
        """See `Keys.renew`."""
        return self.keys.renew(clients) if self.keys else ""

    def close(self) -> None:
        """Stop listening; harmless when repeated."""
        self.socket.close()


def parse(text: str) -> tuple[str, int]:
    """Return host and port of `host:port` or `[v6]:port`; raises ValueError."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"]) > _MOST_PORT:
        raise ValueError(f"{text!r} is no address to listen on: write 127.0.0.1:8472 or [::]:8472")
    return match["v6"] or match["host"], int(match["port"])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(text: str, keys: Keys | None, *, key: str = "[agent] listen") -> list[Listener]:
    """Open the sockets of an address; raises ConfigError (TLS is missing or wrong) and Unavailable (it is in use).

    `key`: under which name the settings have it.
    """
    try:
        host, port = parse(text)
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from None
    if keys is None and not is_loopback(host):
        raise ConfigError(f"{key}: {text} can be reached from elsewhere: set tls_cert_file and tls_key_file")
    if keys is not None:
        keys.context()
    opened: list[Listener] = []
    try:
        opened.extend(Listener(one, keys) for one in _sockets(host, port))
    except OSError as error:
        for listener in opened:
            listener.close()
        raise Unavailable(f"{key}: cannot listen on {text}: {error.strerror or error}") from None
    return opened


def _sockets(host: str, port: int) -> Iterator[socket.socket]:
    anywhere = host in {"", "::"}  # whoever writes [::] means IPv4 too, on a socket of its own
    found = socket.getaddrinfo(None if anywhere else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, where in dict.fromkeys(found):
        one = socket.socket(family, kind, protocol)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(where)
            one.listen(_BACKLOG)
            one.settimeout(0)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except BaseException:
            one.close()
            raise
        yield one


def server_context(certificate: Path, key: Path, clients: str, authority: Path | None = None) -> ssl.SSLContext:
    """Return the TLS of a listener. `clients` (PEM) are accepted as they are, others where the authority signed them.

    A client without a certificate goes on, and must have a token. No session is resumed: each connection shows anew
    who it is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ConfigError(f"tls_cert_file {certificate}, tls_key_file {key}: {error}") from None
    if clients or authority:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(cafile=authority, cadata=clients or None)
        except (OSError, ValueError) as error:
            raise ConfigError(f"client_ca_file {authority}: {error}") from None
    return context


def _no_password() -> str:
    raise ValueError("the key must not be encrypted: nobody is there to say its password")
