"""Connected UDP sockets, some for each upstream, renewed now and then: a forger must guess the port too (RFC 5452).

A connected socket takes no datagram from another address or port: the kernel drops what others send.
"""

from __future__ import annotations

import contextlib
import socket as sockets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import select

    from tipd.net.resolver.pending import Pending
    from tipd.net.resolver.upstream import Upstream

BUFFER = 4 * 2**20  # bytes; the kernel grants what it allows (net.core.rmem_max)
MOST_SENT = 20_000  # questions through one port
LONGEST_LIFE = 30.0  # seconds until it is replaced
LONGEST_IDLE = 15.0


class Socket:
    """One connected socket: `flight` holds the questions that went through it, by id (two bytes)."""

    __slots__ = ("born", "flight", "number", "raw", "recv", "send", "sent", "upstream", "used")

    def __init__(self, upstream: Upstream, now: float) -> None:
        """Raise OSError where the machine has no more sockets, or no way to the upstream."""
        family = sockets.AF_INET6 if ":" in upstream.address else sockets.AF_INET
        self.raw = sockets.socket(family, sockets.SOCK_DGRAM | sockets.SOCK_NONBLOCK)
        try:
            self.raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, BUFFER)
            self.raw.connect((upstream.address, upstream.port))
        except OSError:
            self.raw.close()
            raise
        self.send, self.recv, self.number = self.raw.send, self.raw.recv, self.raw.fileno()
        self.upstream = upstream
        self.flight: dict[bytes, Pending] = {}
        self.born = self.used = now
        self.sent = 0


class Pool:
    """All sockets of an engine. `most`: how many may be open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._epoll: select.epoll | None = None
        self.open: dict[int, Socket] = {}
        self._leaving: set[Socket] = set()  # replaced; they only wait for answers that are under way

    def start(self, epoll: select.epoll) -> None:
        """Register what is opened from now on with this epoll."""
        self._epoll = epoll

    def stop(self) -> None:
        """Close all."""
        for each in list(self.open.values()):
            self._close(each)
        self._epoll = None

    def add(self, upstream: Upstream, now: float) -> Socket:
        """Open one more socket to the upstream; raises OSError where there can be none."""
        if len(self.open) >= self._most:
            self._make_room()
        if self._epoll is None or len(self.open) >= self._most:
            raise OSError("no more sockets")
        found = Socket(upstream, now)
        self._epoll.register(found.number, 1)  # EPOLLIN
        self.open[found.number] = found
        upstream.sockets.append(found)
        return found

    def _make_room(self) -> None:
        """Close those not used longest on which nothing is awaited: who asks many name servers needs many."""
        idle = sorted((each for each in self.open.values() if not each.flight), key=lambda each: each.used)
        for each in idle[: max(self._most // 16, 1)]:
            self._close(each)

    def sweep(self, now: float) -> None:
        """Replace what is old or worn, close what nobody uses."""
        for each in list(self.open.values()):
            if each not in self._leaving and (
                each.sent >= MOST_SENT or now - each.born >= LONGEST_LIFE or now - each.used >= LONGEST_IDLE
            ):
                each.upstream.sockets.remove(each)
                self._leaving.add(each)
            if each in self._leaving and not each.flight:
                self._close(each)

    def _close(self, each: Socket) -> None:
        del self.open[each.number]
        self._leaving.discard(each)
        if each in each.upstream.sockets:
            each.upstream.sockets.remove(each)
        if self._epoll is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(each.number)
        each.raw.close()
