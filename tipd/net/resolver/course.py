"""What becomes of a question that is not answered at once in the common way: retries, oddities, forgeries, the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tipd.model.dns import Answer, Outcome, text_name
from tipd.net.resolver import unusual, wire
from tipd.net.resolver.pending import NEVER
from tipd.net.resolver.policy import Policy
from tipd.net.resolver.walked import walked

if TYPE_CHECKING:
    from tipd.net.resolver.pending import Pending
    from tipd.net.resolver.reading import Reading
    from tipd.net.resolver.sender import Sender
    from tipd.net.resolver.sockets import Socket
    from tipd.net.resolver.timers import Timers
    from tipd.net.resolver.upstream import Upstream

NO_ANSWER = "no server answered"
HURRY = 0.02  # seconds until a question goes to another server than the one where nobody listens
_RESPONSE, _OPCODE, _TRUNCATED = 0x80, 0x78, 0x02  # in the third byte
_FORMERR, _NOTIMP = 1, 4
_OUTCOMES = {0: Outcome.NOERROR, 3: Outcome.NXDOMAIN, 5: Outcome.REFUSED}  # by rcode
_NONE, _ONE = b"\0\0", b"\0\1"  # questions in a packet

type OverTcp = Callable[[Pending, Upstream], bool]


class Course:
    """Leads questions to their end. `over_tcp` begins to ask over TCP; False where too much goes there already."""

    def __init__(self, sender: Sender, timers: Timers, policy: Policy, over_tcp: OverTcp) -> None:
        self._sender = sender
        self._timers = timers
        self.policy = policy
        self._over_tcp = over_tcp
        self.noise = sender.noise.take

    # --- tries ---

    def try_next(self, pending: Pending, now: float) -> None:
        """Ask the next server that has room, or wait for room; end it where there is no time or try left."""
        plan = pending.plan
        if now >= pending.deadline:
            self.finish(pending, pending.trouble or Answer(Outcome.TIMEOUT, why=NO_ANSWER))
            return
        if pending.tries >= plan.tries:  # answers to the former tries are welcome to the end
            self._timers.park(pending, now, pending.deadline - now)
            return
        turn = self._turn(pending, now)
        if turn is None:
            self._timers.park(pending, now)
            return
        pending.turn = turn
        self._ask(pending, plan.upstreams[turn], now)

    @staticmethod
    def _turn(pending: Pending, now: float) -> int | None:
        """Return whose turn it is: the next server with room; for a question that was asked, else, the next at all.

        What was asked before is not held up by a window that narrowed since: it is new questions that have to wait.
        """
        upstreams = pending.plan.upstreams
        turns = [(pending.turn + step) % len(upstreams) for step in range(1, len(upstreams) + 1)]
        for turn in turns:
            if upstreams[turn].room(now):
                return turn
        return next((turn for turn in turns if pending.tries > 0 and upstreams[turn].spare(now)), None)

    def _ask(self, pending: Pending, upstream: Upstream, now: float) -> None:
        if not (pending.softened and upstream.keeps_case):
            self._sender.send(pending, upstream, now)
            return
        pending.tries += 1
        self.ask_over_tcp(pending, upstream, now)

    def lost(self, pending: Pending, now: float) -> None:
        """Take note that a try's time is over; its answer stays welcome."""
        self._uncount(pending, lost=True)
        self.try_next(pending, now)

    def hurry(self, socket: Socket, now: float) -> None:
        """Nobody listens where this socket goes: let questions that have another server to go to not wait."""
        socket.upstream.unreachable += 1
        for pending in list(socket.flight.values()):
            if pending.counted and pending.socket is socket and len(pending.plan.upstreams) > 1:
                pending.due = now + HURRY

    def _uncount(self, pending: Pending, *, lost: bool = False) -> None:
        socket = pending.socket
        if not pending.counted or socket is None:
            return
        pending.counted = False
        pending.common = False
        socket.upstream.in_flight -= 1
        if lost:
            socket.upstream.lost += not pending.softened  # it did answer, though in another case
            pending.older = [*(pending.older or ()), (socket, pending.id, pending.question)]

    def _elsewhere(self, pending: Pending, trouble: Answer, now: float) -> None:
        """End with this trouble, unless there is another server that was not asked."""
        pending.trouble = trouble
        self._uncount(pending)
        if pending.tries < min(pending.plan.tries, len(pending.plan.upstreams)):
            self.try_next(pending, now)
        else:
            self.finish(pending, trouble)

    def ask_over_tcp(self, pending: Pending, upstream: Upstream, now: float) -> None:
        """Go over to TCP with this question."""
        self._uncount(pending)
        if self._over_tcp(pending, upstream):
            pending.due = NEVER
        else:
            self._elsewhere(pending, Answer(Outcome.SERVFAIL, server=upstream.name, why="too many ask over TCP"), now)

    def failed_over_tcp(self, pending: Pending, trouble: Answer, now: float) -> None:
        """Go on where TCP brought nothing."""
        pending.trouble = trouble
        self.try_next(pending, now)

    # --- packets ---

    def stray(self, socket: Socket, pending: Pending | None, packet: bytes, now: float) -> None:
        """A packet whose question is not the one that the id was given to last (the pending one was taken out)."""
        upstream = socket.upstream
        if pending is None:
            upstream.late += 1
            return
        if _is_response(packet) and self._of_former_try(socket, pending, packet):
            self._welcome(socket, pending, packet, now)
            return
        if _not_understood(packet) and pending.counted and upstream.edns and not pending.plain:
            upstream.answered += 1
            self._without_edns(pending, upstream, now)
            return
        if packet[12 : 12 + len(pending.question)].lower() == pending.question.lower() and _is_response(packet):
            self._in_another_case(socket, pending, packet, now)
            return
        socket.flight[packet[:2]] = pending
        upstream.forged += 1

    def _in_another_case(self, socket: Socket, pending: Pending, packet: bytes, now: float) -> None:
        """A forgery, or of a server that does not keep the case: ask over TCP, unless it is known for that."""
        upstream = socket.upstream
        upstream.case_lost += 1
        pending.softened = True
        if upstream.keeps_case or not pending.counted or (pending.socket, pending.id) != (socket, packet[:2]):
            socket.flight[packet[:2]] = pending
        else:
            self.uncommon(socket, pending, packet, now)

    @staticmethod
    def _of_former_try(socket: Socket, pending: Pending, packet: bytes) -> bool:
        return any(
            each is socket and key == packet[:2] and packet.startswith(question, 12)
            for each, key, question in pending.older or ()
        )

    def _welcome(self, socket: Socket, pending: Pending, packet: bytes, now: float) -> None:
        """An answer to a former try came after all: it was slow, not lost."""
        socket.upstream.lost -= 1
        pending.older = [former for former in pending.older or () if former[:2] != (socket, packet[:2])]
        self.uncommon(socket, pending, packet, now)

    def uncommon(self, socket: Socket, pending: Pending, packet: bytes, now: float) -> None:
        """Read a packet that answers our question in no common way."""
        upstream = socket.upstream
        if not _is_response(packet):
            upstream.forged += 1
            socket.flight[packet[:2]] = pending
            return
        upstream.answered += 1
        if pending.plan.whole and not pending.older:
            upstream.measure(now - pending.sent)
        if packet[2] & _TRUNCATED:
            self.ask_over_tcp(pending, upstream, now)
        else:
            self.read(upstream, pending, packet, now)

    def read(self, upstream: Upstream, pending: Pending, packet: bytes, now: float) -> None:
        """Act by what a packet says, whose id and question were compared."""
        if pending.plan.whole:
            self._hand_over(upstream, pending, packet, now)
            return
        name, rtype = pending.name, pending.rtype
        reading = walked(packet, len(name) + wire.HEADER + 4, name, rtype, upstream.name)
        if reading is None:
            reading = unusual.read(packet, name, rtype, upstream.name)
        if reading.unread:
            upstream.unread += 1
            self._uncount(pending)
            pending.trouble = reading.answer
            self.try_next(pending, now)
        elif reading.formerr and upstream.edns and not pending.plain:
            self._without_edns(pending, upstream, now)
        else:
            self._judge(upstream, pending, packet, reading, now)

    def _without_edns(self, pending: Pending, upstream: Upstream, now: float) -> None:
        self._uncount(pending)
        pending.plain, pending.common = True, False
        pending.tries -= 1  # once more, beside the tries there are
        self._sender.send(pending, upstream, now)

    @staticmethod
    def _learn(upstream: Upstream, pending: Pending, now: float, *, understood: bool) -> None:
        """Remember a server that understands questions without EDNS only."""
        if pending.plain and upstream.edns and understood:
            upstream.understand(edns=False, now=now)

    def _hand_over(self, upstream: Upstream, pending: Pending, packet: bytes, now: float) -> None:
        """End with the packet as it came."""
        rcode = packet[3] & 0x0F
        if rcode in (_FORMERR, _NOTIMP) and upstream.edns and not pending.plain:
            self._without_edns(pending, upstream, now)
            return
        self._learn(upstream, pending, now, understood=rcode not in (_FORMERR, _NOTIMP))
        self.finish(pending, Answer(_OUTCOMES.get(rcode, Outcome.SERVFAIL), server=upstream.name), packet)

    def _judge(self, upstream: Upstream, pending: Pending, packet: bytes, reading: Reading, now: float) -> None:
        answer = reading.answer
        self._learn(upstream, pending, now, understood=not reading.formerr)
        why = self._policy(upstream, pending, reading)
        if why:
            # Another of the operator's resolvers may not block what this one does.
            made = Answer(Outcome.POLICY, answer.rdata, cname=answer.cname, server=answer.server, why=why)
            self._elsewhere(pending, made, now)
        elif answer.outcome in (Outcome.SERVFAIL, Outcome.REFUSED) and not reading.final:
            self._elsewhere(pending, answer, now)
        else:
            self.finish(pending, answer)

    def _policy(self, upstream: Upstream, pending: Pending, reading: Reading) -> str:
        upstream.recursed |= reading.marks.recursion_available
        marks = msgspec.structs.replace(reading.marks, recursed=upstream.recursed)
        direct = not pending.plan.recursion
        return self.policy.why(text_name(pending.name), pending.rtype, reading.answer, marks, direct=direct)

    def walled(self, pending: Pending, answer: Answer, now: float) -> None:
        """Go on from an answer whose addresses are all a walled garden's."""
        why = self.policy.why("", pending.rtype, answer)
        self._elsewhere(pending, Answer(Outcome.POLICY, answer.rdata, server=answer.server, why=why), now)

    # --- the end ---

    def finish(self, pending: Pending, answer: Answer, packet: bytes = b"") -> None:
        """End a question: nothing leads to it any more, and who asked is told."""
        self._uncount(pending)
        pending.due = NEVER
        pending.ended = True
        socket = pending.socket
        if socket is not None and socket.flight.get(pending.id) is pending:
            del socket.flight[pending.id]
        for former, key, _ in pending.older or ():
            if former.flight.get(key) is pending:
                del former.flight[key]
        pending.older = None
        if pending.plan.whole:
            pending.done(pending.token, answer, packet)
        else:
            pending.done(pending.token, answer)


def _is_response(packet: bytes) -> bool:
    """Return whether it is a response with one question, as far as its header says."""
    return len(packet) >= 12 and packet[2] & (_RESPONSE | _OPCODE) == _RESPONSE and packet[4:6] == _ONE


def _not_understood(packet: bytes) -> bool:
    """Return whether it is a FORMERR that repeats no question, as servers give that know no EDNS."""
    return len(packet) >= 12 and packet[2] & _RESPONSE != 0 and packet[3] & 0x0F == _FORMERR and packet[4:6] == _NONE
