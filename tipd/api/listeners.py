"""Listening sockets: by address, handed over by systemd, and the control socket in the state directory."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import trio

from tipd.api.address import TcpAddress, UnixAddress
from tipd.api.auth import Peer
from tipd.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tipd.api.settings import ApiSettings

CONTROL_NAME = "tipd.sock"
_BACKLOG = 1024
_LONGEST_PATH = 107  # bytes of a unix socket's path
_CREDENTIALS = struct.Struct("3i")
# A connection whose bytes the other side does not take for this long (milliseconds) is given up by the kernel.
_USER_TIMEOUT = 30_000
_CONTROL_MODE = 0o600
_UNIX_MODE = 0o660


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket; `way` says what callers are: `control` callers are known by their user."""

    socket: socket.socket
    way: Literal["tcp", "unix", "control"]
    name: str  # as the log and the daemon show it
    path: Path | None = None

    def close(self) -> None:
        """Stop listening and remove the socket's file; harmless when repeated."""
        if self.path is not None and self.socket.fileno() != -1:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.socket.close()


def open_listeners(settings: ApiSettings, state_dir: Path, given: Sequence[socket.socket] = ()) -> list[Listener]:
    """Open everything to listen on; raises Unavailable that names the address. All or none are open.

    `given` sockets (systemd's) take the place of `listen`; the control socket is there always.
    """
    opened: list[Listener] = []
    try:
        if given:
            opened += [_adopt(one) for one in given]
        else:
            for address in settings.addresses():
                opened += _open(address)
        opened.append(_unix(state_dir / CONTROL_NAME, "control", _CONTROL_MODE))
    except BaseException:
        for listener in opened:
            listener.close()
        raise
    return opened


def _open(address: TcpAddress | UnixAddress) -> list[Listener]:
    try:
        return [_unix(address.path, "unix", _UNIX_MODE)] if isinstance(address, UnixAddress) else list(_tcp(address))
    except OSError as error:
        raise Unavailable(f"[api] listen: cannot listen on {address}: {error.strerror or error}") from None


def _tcp(address: TcpAddress) -> Iterator[Listener]:
    found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, where in dict.fromkeys(found):
        one = socket.socket(family, kind, protocol)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(where)
            one.listen(_BACKLOG)
        except BaseException:
            one.close()
            raise
        yield _tuned(one)


def _tuned(one: socket.socket) -> Listener:
    """Set what accepted sockets inherit."""
    one.settimeout(0)
    if one.family == socket.AF_UNIX:
        return Listener(one, "unix", f"unix:{one.getsockname()}")
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    host, port = one.getsockname()[:2]
    return Listener(one, "tcp", str(TcpAddress(host, port)))


def _adopt(one: socket.socket) -> Listener:
    if one.family not in {socket.AF_INET, socket.AF_INET6, socket.AF_UNIX} or one.type != socket.SOCK_STREAM:
        raise ConfigError("a socket that systemd handed over is not a stream socket (ListenStream=)")
    return _tuned(one)


def _unix(path: Path, way: Literal["unix", "control"], mode: int) -> Listener:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~mode)
    try:
        with short_path(path) as short:
            _remove_stale(path, short)
            one.bind(short)
        one.listen(_BACKLOG)
        one.settimeout(0)
    except OSError as error:
        one.close()
        raise Unavailable(f"cannot listen on unix:{path}: {error.strerror or error}") from None
    finally:
        os.umask(before)
    return Listener(one, way, f"unix:{path}", path)


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Give a path that fits a unix socket's address: a longer one goes by way of its folder's descriptor."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _remove_stale(path: Path, short: str) -> None:
    """Remove a socket nobody listens on; raises OSError where somebody does, or it is no socket."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(17, "a file that is no socket is in the way")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        try:
            probe.connect(short)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
        except BlockingIOError:
            raise OSError(98, "somebody listens there already") from None
        else:
            raise OSError(98, "somebody listens there already")


def peer_of(accepted: trio.socket.SocketType) -> Peer | None:
    """Return who is at the other end of the control socket, if that is our own user or root, else None."""
    pid, uid, _ = _CREDENTIALS.unpack(accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid) if uid in {0, os.geteuid()} else None


def tls_context(settings: ApiSettings) -> ssl.SSLContext | None:
    """Return the TLS context of `tls_cert_file` and `tls_key_file`; raises ConfigError that names the file."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    for file in (settings.tls_cert_file, settings.tls_key_file):
        if not os.access(file, os.R_OK):
            raise ConfigError(f"[api] tls: {file} cannot be read")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"[api] tls_cert_file {settings.tls_cert_file}: {error}") from None
    return context
