"""What systemd is told and what it hands over, in plain sockets.

Sources: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). Without systemd (no `NOTIFY_SOCKET`, no `LISTEN_FDS`)
all of it does nothing.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from tipd.log import Log

_FIRST_FD = 3  # SD_LISTEN_FDS_START
_MOST_FDS = 64
_SEND_WITHIN = 2.0  # seconds
_STATUS_CHARACTERS = 500


def _monotonic_usec() -> int:
    """Return CLOCK_MONOTONIC in microseconds, as `RELOADING` wants it (systemd ignores one without)."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


class Notifier:
    """Sends the state of the service to the socket that `NOTIFY_SOCKET` names, also an abstract one (`@…`).

    Every call returns whether it was sent; a supervisor that does not answer is logged and harms nobody. The calls
    are shielded, so that they work while everything is being cancelled, and take at most two seconds.
    """

    def __init__(
        self, environ: Mapping[str, str], log: Log, *, monotonic_usec: Callable[[], int] = _monotonic_usec
    ) -> None:
        """Take the address from `environ`; raises ConfigError where it is no address of a unix socket."""
        self._log = log
        self._monotonic_usec = monotonic_usec
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))

    @property
    def enabled(self) -> bool:
        """Tell whether somebody listens."""
        return self._address is not None

    async def ready(self, status: str = "") -> bool:
        """Say that the start, or a reload, is complete."""
        return await self._send("READY=1", *_status(status))

    async def reloading(self) -> bool:
        """Say that a reload begins; `ready` ends it (`Type=notify-reload`)."""
        return await self._send("RELOADING=1", f"MONOTONIC_USEC={self._monotonic_usec()}")

    async def stopping(self, status: str = "") -> bool:
        """Say that the service is going down."""
        return await self._send("STOPPING=1", *_status(status))

    async def status(self, text: str) -> bool:
        """Show one line in `systemctl status`."""
        return await self._send(*_status(text or " "))

    async def watchdog(self) -> bool:
        """Say that the service is alive."""
        return await self._send("WATCHDOG=1")

    async def _send(self, *assignments: str) -> bool:
        if self._address is None:
            return False
        payload = "\n".join(assignments).encode()
        try:
            with (
                trio.CancelScope(shield=True),
                trio.fail_after(_SEND_WITHIN),
                trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out,
            ):
                await out.sendto(payload, self._address)
        except (OSError, trio.TooSlowError) as error:
            self._log.warning("systemd was not told", message=assignments[0], error=str(error) or "no answer")
            return False
        return True


def _address(text: str) -> str | None:
    if not text:
        return None
    if text[0] not in "/@" or len(text) == 1:
        raise ConfigError(f"NOTIFY_SOCKET={text!r} is no path and no abstract address of a unix socket")
    return "\0" + text[1:] if text[0] == "@" else text


def _status(text: str) -> tuple[str, ...]:
    """Return the assignment for a status line; a line break in it would begin an assignment of its own."""
    line = " ".join(text.splitlines())[:_STATUS_CHARACTERS] if text else ""
    return (f"STATUS={line}",) if line else ()


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Return how often, in seconds, to say that the service is alive: half of what systemd allows; None: never.

    Raises ConfigError where `WATCHDOG_USEC` or `WATCHDOG_PID` is no positive number.
    """
    allowed = _number(environ, "WATCHDOG_USEC")
    if allowed is None or _number(environ, "WATCHDOG_PID") not in {None, pid}:
        return None
    return allowed / 1_000_000 / 2


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 20 and int(text) > 0):
        raise ConfigError(f"{name}={text!r} is no positive number")
    return int(text)


@dataclass(frozen=True, slots=True)
class Activated:
    """A listening stream socket that systemd opened for us; `name` is its `FileDescriptorName`."""

    name: str
    socket: socket.socket


def listen_fds(environ: MutableMapping[str, str], *, pid: int, first: int = _FIRST_FD) -> list[Activated]:
    """Return the sockets handed over by socket activation, and take the variables out of `environ`.

    None where they are meant for another process. The sockets do not reach our own children.
    Raises ConfigError where a variable is wrong or a descriptor is no listening stream socket.
    """
    meant_for, count = _number(environ, "LISTEN_PID"), _number(environ, "LISTEN_FDS")
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"):
        environ.pop(name, None)
    if meant_for != pid or count is None:
        return []
    if count > _MOST_FDS:
        raise ConfigError(f"LISTEN_FDS={count} is more than the {_MOST_FDS} that are taken")
    names += [""] * count
    return [Activated(names[at], _listening(first + at)) for at in range(count)]


def _listening(fd: int) -> socket.socket:
    try:
        is_socket = stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError as error:
        raise ConfigError(f"descriptor {fd} of LISTEN_FDS: {error.strerror}") from error
    if not is_socket:
        raise ConfigError(f"descriptor {fd} of LISTEN_FDS is no socket")
    found = socket.socket(fileno=fd)
    listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if found.type != socket.SOCK_STREAM or not listens:
        found.detach()  # it is not ours to close
        raise ConfigError(f"descriptor {fd} of LISTEN_FDS is no listening stream socket")
    found.set_inheritable(False)
    found.setblocking(False)  # noqa: FBT003 - nor does this
    return found
