"""Sends questions: each with an id, a port and a case of letters that nobody can foresee (RFC 5452)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.net.resolver import wire
from tipd.net.resolver.timers import nearest, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.net.resolver.pending import Pending
    from tipd.net.resolver.sockets import Pool, Socket
    from tipd.net.resolver.timers import Timers
    from tipd.net.resolver.upstream import Upstream

UNSENT = nearest(0.1)  # seconds after which a question that could not be sent is tried again


class Sender:
    """Puts questions on the wire and sets their timers."""

    def __init__(self, pool: Pool, timers: Timers, entropy: Callable[[int], bytes]) -> None:
        self._pool = pool
        self._timers = timers
        self.noise = wire.Noise(entropy)

    def send(self, pending: Pending, upstream: Upstream, now: float) -> None:
        """Send the next try to this upstream, which has room."""
        name = pending.name
        noise = self.noise.take(3 + len(name))
        ports = upstream.sockets
        if len(ports) < upstream.ports and not self._open(upstream, now):
            self._timers.park(pending, now)
            return
        socket, key = ports[noise[2] % len(ports)], noise[:2]
        while key in socket.flight:
            key = self.noise.take(2)
        socket.flight[key] = pending
        question = wire.mixed(name, noise[3:]) + wire.kind(pending.rtype)
        pending.question, pending.socket, pending.id, pending.sent = question, socket, key, now
        pending.tries += 1
        pending.counted = True
        upstream.in_flight += 1
        upstream.sent += 1
        upstream.tokens -= 1
        socket.sent += 1
        socket.used = now
        head, tail = upstream.heads[pending.plan.recursion], upstream.tail
        if pending.plain:
            head, tail = wire.head(recursion=pending.plan.recursion, edns=False), b""
        try:
            socket.send(key + head + question + tail)
        except OSError as error:
            self._unsent(socket, key + head + question + tail, pending, error)
        self._timers.set(pending, self._place(pending, upstream, noise[2], now), now)

    def _open(self, upstream: Upstream, now: float) -> bool:
        """Open one more port; return whether there is any."""
        try:
            self._pool.add(upstream, now)
        except OSError:
            upstream.unreachable += not upstream.sockets
        return bool(upstream.sockets)

    @staticmethod
    def _unsent(socket: Socket, packet: bytes, pending: Pending, error: OSError) -> None:
        """Send again where the error was an earlier question's (ICMP tells of it late)."""
        socket.upstream.unreachable += not isinstance(error, BlockingIOError)
        try:
            if isinstance(error, BlockingIOError):
                raise error
            socket.send(packet)
        except OSError as again:
            pending.tries -= isinstance(again, BlockingIOError)  # no try at all: the machine's own queue is full
            pending.sent = 0.0

    @staticmethod
    def _place(pending: Pending, upstream: Upstream, dice: int, now: float) -> int:
        """Return how long to wait: twice as long with every try, a fifth longer for one of two, so that they spread."""
        if not pending.sent:
            return UNSENT
        place = nearest(upstream.timeout * (1 << (pending.tries - 1))) + (dice >> 7)
        return min(place, within(pending.deadline - now))
