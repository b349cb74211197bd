"""Sends questions: each with an id, a port and a case of letters that nobody can foresee (RFC 5452)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.net.resolver import wire
from tipd.net.resolver.pending import Pending

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.net.resolver.pending import Plan
    from tipd.net.resolver.sockets import Pool, Socket
    from tipd.net.resolver.timers import Timers
    from tipd.net.resolver.upstream import Upstream

UNSENT = 0.1  # seconds after which a question that could not be sent is tried again
JITTER = [1 + dice / 1024 for dice in range(256)]  # a try is a quarter longer at most, so that lost ones spread
_KINDS = wire.Kinds()
from_bytes = int.from_bytes


class Sender:
    """Puts questions on the wire and sets their timers."""

    def __init__(self, pool: Pool, timers: Timers, entropy: Callable[[int], bytes]) -> None:
        self._pool = pool
        self._timers = timers
        self.noise = wire.Noise(entropy)

    def first(  # noqa: PLR0917  # keywords cost a tenth of it
        self, plan: Plan, turn: int, name: bytes, rtype: int, token: Any, done: Any, now: float
    ) -> None:
        """Send a question for the first time to the upstream at `turn`, which has room: `send`, in one go."""
        upstream = plan.upstreams[turn]
        ports = upstream.sockets
        if len(ports) < upstream.ports and not self._open(upstream, now):
            self._timers.park(Pending(name, rtype, token, done, plan, now + plan.seconds, turn=turn), now)
            return
        length, seconds = len(name), plan.seconds
        noise = self.noise.take(3 + length)
        key, dice = noise[:2], noise[2]
        socket = ports[dice % len(ports)]
        flight = socket.flight
        while key in flight:
            key = self.noise.take(2)
        turned = from_bytes(name.translate(wire.CASE)) & from_bytes(noise)
        question = (from_bytes(name) ^ turned).to_bytes(length) + _KINDS[rtype]
        wait = upstream.timeout * JITTER[dice]
        flight[key] = pending = Pending(
            name, rtype, token, done, plan, now + seconds, question, socket, key,
            now + (wait if wait < seconds else seconds), now, 1, True, not plan.whole, turn,  # noqa: FBT003
        )  # fmt: skip
        upstream.in_flight += 1
        upstream.sent += 1
        if upstream.rate:
            upstream.tokens -= 1
        socket.sent += 1
        socket.used = now
        packet = b"".join((key, upstream.heads[plan.recursion], question, upstream.tail))
        try:
            socket.send(packet)
        except OSError as error:
            self._unsent(socket, packet, pending, error)

    def send(self, pending: Pending, upstream: Upstream, now: float) -> None:
        """Send the next try to this upstream, which has room."""
        name, plan = pending.name, pending.plan
        noise = self.noise.take(3 + len(name))
        ports = upstream.sockets
        if len(ports) < upstream.ports and not self._open(upstream, now):
            self._timers.park(pending, now)
            return
        _remember(pending)
        socket, key = ports[noise[2] % len(ports)], noise[:2]
        while key in socket.flight:
            key = self.noise.take(2)
        socket.flight[key] = pending
        pending.question = question = wire.mixed(name, noise[3:]) + _KINDS[pending.rtype]
        pending.socket, pending.id, pending.sent = socket, key, now
        pending.tries += 1
        pending.counted = True
        upstream.in_flight += 1
        upstream.sent += 1
        upstream.tokens -= 1
        socket.sent += 1
        socket.used = now
        edns = upstream.edns and not pending.plain
        packet = key + wire.head(recursion=plan.recursion, edns=edns) + question + (wire.EDNS if edns else b"")
        wait = upstream.timeout * JITTER[noise[2]] * (1 << max(pending.tries - 1, 0))
        pending.due = min(now + wait, pending.deadline)
        try:
            socket.send(packet)
        except OSError as error:
            self._unsent(socket, packet, pending, error)

    def _open(self, upstream: Upstream, now: float) -> bool:
        """Open one more port; return whether there is any."""
        try:
            self._pool.add(upstream, now)
        except OSError:
            if not upstream.sockets:
                upstream.unreachable += 1
                upstream.shut(now)
        return bool(upstream.sockets)

    def _unsent(self, socket: Socket, packet: bytes, pending: Pending, error: OSError) -> None:
        """Send again where the error was an earlier question's (ICMP tells of it late), else try anew in a while."""
        socket.upstream.unreachable += not isinstance(error, BlockingIOError)
        try:
            if isinstance(error, BlockingIOError):
                raise error
            socket.send(packet)
        except OSError as again:
            pending.tries -= isinstance(again, BlockingIOError)  # no try at all: the machine's own queue is full
            pending.due = min(pending.sent + UNSENT, pending.deadline)


def _remember(pending: Pending) -> None:
    """Keep the way to the present try, if that is in flight still: else nothing would take it out at the end."""
    former = pending.socket
    if former is None or former.flight.get(pending.id) is not pending:
        return
    if not any(each[:2] == (former, pending.id) for each in pending.older or ()):
        pending.older = [*(pending.older or ()), (former, pending.id, pending.question)]
