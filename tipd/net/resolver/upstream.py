"""A server that is asked: how much it is asked at once and in a second, and what is known of it.

`window` grows while what is asked is answered, and shrinks where much is lost. A loss of some per cent is the
network's, not a sign of too many questions: if each were (as for TCP), 5 % would leave five questions in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.net.resolver import wire

if TYPE_CHECKING:
    from tipd.net.resolver.sockets import Socket

PORTS = 16  # sockets at once
MOST = 1000  # questions in flight
FIRST, LEAST = 32.0, 4.0  # windows
BURST = 0.1  # seconds of the rate that may be asked at once
ADAPT_EVERY = 0.1  # seconds
SAMPLE = 16  # outcomes that say something about the loss
MUCH_LOSS, HEAVY_LOSS = 0.2, 0.5
CASE_LOST_FOR = 600.0  # seconds that a server is believed without the case of letters, which it does not keep
CASE_LOST_AFTER = 8  # questions in a row that were answered in another case, and none in the right one
PLAIN_FOR = 600.0  # seconds that a server is asked without EDNS after it did not understand it
SHUT_FOR = 0.25  # seconds that nothing is asked where no socket can be opened
FIRST_TIMEOUT, LEAST_TIMEOUT, MOST_TIMEOUT = 1.0, 0.5, 3.0  # seconds


class Upstream:
    """One server. `rate`: questions a second, 0 for as many as it answers; `most`: in flight; `ports`: sockets."""

    __slots__ = (
        "_adapted", "_careful", "_case_at", "_case_row", "_caseless_until", "_kept", "_plain_until", "_shut_until",
        "address", "answered", "case_lost", "deviation", "edns", "forged", "heads", "in_flight", "keeps_case",
        "late", "lost", "most", "name", "port", "ports", "rate", "recursed", "refilled", "round_trip",
        "seen_answered", "seen_lost", "sent", "sockets", "tail", "timeout", "tokens", "unreachable", "unread",
        "window",
    )  # fmt: skip

    def __init__(
        self, address: str, port: int = 53, *, rate: float = 0.0, most: int = MOST, ports: int = PORTS
    ) -> None:
        self.address, self.port = address, port
        self.name = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        self.rate, self.most, self.ports = rate, most, ports
        self.sockets: list[Socket] = []
        self.in_flight = 0
        self.window = min(FIRST, float(most))
        self.keeps_case, self._caseless_until = True, 0.0
        self._case_row = self._case_at = 0
        self._kept, self._shut_until = self.window, 0.0
        self.tokens = max(1.0, rate * BURST)
        self.refilled = self._adapted = float("-inf")
        self._careful = False  # once something was lost the window no longer doubles
        self.round_trip = self.deviation = 0.0  # seconds, smoothed (RFC 6298); 0: not measured
        self.timeout = FIRST_TIMEOUT  # seconds after which a first try is lost
        self.sent = self.answered = self.lost = self.seen_answered = self.seen_lost = 0
        self.forged = self.case_lost = self.late = self.unread = self.unreachable = 0
        self.recursed = False
        self.understand(edns=True)
        self._plain_until = 0.0

    # --- room ---

    def room(self, now: float) -> int:
        """Return how many questions it may be asked now."""
        if self._shut_until and now >= self._shut_until:
            self.window, self._shut_until = self._kept, 0.0
        room = int(self.window) - self.in_flight
        if self.rate:
            self.refill(now)
            room = min(room, int(self.tokens))
        return max(room, 0)

    def spare(self, now: float) -> bool:
        """Return whether it may be asked once more where the window is not what counts."""
        if self.rate:
            self.refill(now)
        return self.window > 0 and self.in_flight < self.most and (not self.rate or self.tokens >= 1)

    def shut(self, now: float) -> None:
        """Leave no room for a moment: no socket can be opened, so that nothing would ever count as in flight."""
        if not self._shut_until:
            self._kept = self.window
        self.window, self._shut_until = 0.0, now + SHUT_FOR

    def refill(self, now: float) -> None:
        """Put into the bucket what time has brought."""
        if now > self.refilled:  # the first time it is full
            self.tokens = min(self.tokens + (now - self.refilled) * self.rate, max(1.0, self.rate * BURST))
            self.refilled = now

    # --- what is learnt ---

    def understand(self, *, edns: bool, now: float = 0.0) -> None:
        """Ask with EDNS from now on, or without it for a while."""
        self.edns = edns
        self._plain_until = now + PLAIN_FOR
        self.tail = wire.EDNS if edns else b""
        self.heads = tuple(wire.head(recursion=recursion, edns=edns) for recursion in (False, True))

    def case_was_lost(self, now: float, *, proven: bool = False) -> None:
        """Take note of a question answered in another case over UDP, which was then asked over TCP.

        `proven`: the answer over TCP, where nobody forges, was in another case too. Otherwise it brought nothing; but
        who forges the answers of so many questions in a row, and stops all the true ones, needs no luck with letters.
        """
        if self._case_at != self.answered:
            self._case_row, self._case_at = 0, self.answered
        self._case_row += 1
        if proven or self._case_row >= CASE_LOST_AFTER:
            self.keeps_case, self._caseless_until = False, now + CASE_LOST_FOR

    def measure(self, seconds: float) -> None:
        """Take in one round trip (RFC 6298, 2)."""
        if self.round_trip:
            self.deviation += (abs(seconds - self.round_trip) - self.deviation) / 4
            self.round_trip += (seconds - self.round_trip) / 8
        else:
            self.round_trip, self.deviation = seconds, seconds / 2
        self.timeout = min(max(self.round_trip + 4 * self.deviation, LEAST_TIMEOUT), MOST_TIMEOUT)

    def adapt(self, now: float) -> None:
        """Widen or narrow the window by what was lost since the last time."""
        if not self.edns and now >= self._plain_until:
            self.understand(edns=True)
        answered, lost = self.answered - self.seen_answered, self.lost - self.seen_lost
        if not self.keeps_case and now >= self._caseless_until:
            self.keeps_case, self._case_row = True, 0
        if not self.window or now - self._adapted < ADAPT_EVERY or answered + lost < min(SAMPLE, self.window):
            return
        self._adapted, self.seen_answered, self.seen_lost = now, self.answered, self.lost
        share = lost / (answered + lost)
        if share > MUCH_LOSS:
            self.window = max(self.window * (0.5 if share > HEAVY_LOSS else 0.75), min(LEAST, float(self.most)))
            self._careful = True
        elif answered * 2 >= self.window:  # it was used: room that nobody needs teaches nothing
            more = self.window / 16 + 1 if self._careful else self.window
            self.window = min(self.window + more, float(self.most))

    def facts(self) -> dict[str, Any]:
        """Return what an operator wants to see."""
        return {
            "server": self.name, "sent": self.sent, "answered": self.answered, "lost": self.lost,
            "in_flight": self.in_flight, "window": int(self.window), "round_trip": round(self.round_trip, 4),
            "edns": self.edns, "keeps_case": self.keeps_case, "ports": len(self.sockets),
            "forged": self.forged, "case_lost": self.case_lost, "late": self.late, "unread": self.unread,
            "unreachable": self.unreachable,
        }  # fmt: skip
