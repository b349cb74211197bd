"""The engine: one task, one epoll descriptor, many questions in flight.

A question is sent when it is put, from whatever task; what comes back is read in the engine's own task, in bounded
batches, so that the loop is never held for longer than some milliseconds. `done` is called there, once for each
question, whatever happens; it must be quick and not raise.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Any

import trio

from tipd.model.dns import Answer, Outcome
from tipd.net.resolver.course import Course
from tipd.net.resolver.overtcp import OverTcp
from tipd.net.resolver.packet import quick
from tipd.net.resolver.pending import NEVER, Full, Pending
from tipd.net.resolver.policy import Policy
from tipd.net.resolver.sender import Sender
from tipd.net.resolver.sockets import Pool
from tipd.net.resolver.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.net.resolver.pending import Done, DoneWhole, Plan
    from tipd.net.resolver.sockets import Socket
    from tipd.net.resolver.upstream import Upstream

LONGEST_PACKET = 8192  # bytes read of a datagram; we ask for 1,232
BATCH = 64  # packets read from one socket before the next has its turn
BUDGET = 0.004  # seconds of reading before other tasks have their turn
TICK = 0.025  # seconds between two looks at the timers
LATEST_TICK = 0.25  # … where there is always something to read
LOOK_AFTER = 0.1  # … at the windows and sockets
REST = 1.0  # … where nothing is under way
MOST_SOCKETS = 512
MOST_WAITING = 20_000  # questions put by `ask` that wait for room
RECURSES = 0x80  # RA, in the fourth byte
STOPPED = "the resolver stopped"


class Engine:
    """Asks; see the module. `policy` knows answers that somebody's policy made; `entropy` gives ids, ports and case."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
        most_sockets: int = MOST_SOCKETS,
    ) -> None:
        policy = policy or Policy()
        self._gardens = policy.gardens if policy.gardens else None
        self._timers = Timers()
        self._pool = Pool(most_sockets)
        self._sender = Sender(self._pool, self._timers, entropy)
        self._tcp = OverTcp()
        self._course = Course(self._sender, self._timers, policy, self._tcp)
        self._tcp.course = self._course
        self._lots: dict[tuple[Upstream, ...], trio.lowlevel.ParkingLot] = {}  # who waits for room at these
        self._nap: trio.CancelScope | None = None  # of the task that waits with nothing under way
        self._looked_after = 0.0
        self._turn = 0
        self._time: Callable[[], float] = trio.current_time
        self.running = False

    # --- asking ---

    def room(self, plan: Plan) -> int:
        """Return how many questions of this plan would be sent now."""
        if not self.running:
            return 0
        now = trio.current_time()
        return sum(upstream.room(now) for upstream in plan.upstreams)

    async def wait_room(self, plan: Plan) -> None:
        """Return when there is room for at least one question."""
        await trio.lowlevel.checkpoint()
        while not self.room(plan):
            self._wake(trio.current_time())
            await self._lots.setdefault(plan.upstreams, trio.lowlevel.ParkingLot()).park()

    def _make_way(self, now: float) -> None:
        """Wake as many as there is room for: thousands that look in vain would leave no time to read answers."""
        for upstreams, lot in list(self._lots.items()):
            if not lot:
                del self._lots[upstreams]
            elif room := sum(each.room(now) for each in upstreams):
                lot.unpark(count=room)

    def put(self, plan: Plan, name: bytes, rtype: int, token: Any, done: Done | DoneWhole) -> None:
        """Send a question; raises Full where no upstream of the plan has room."""
        now = self._time()
        turn = self._turn = (self._turn + 1) % len(plan.upstreams)
        upstream = plan.upstreams[turn]
        if not self.running or upstream.in_flight >= upstream.window or upstream.rate:
            turn = self._with_room(plan, now)
        self._sender.first(plan, turn, name, rtype, token, done, now)
        if self._nap is not None:
            self._wake(now)

    def _with_room(self, plan: Plan, now: float) -> int:
        if self.running:
            for step in range(len(plan.upstreams)):
                turn = (self._turn + step) % len(plan.upstreams)
                if plan.upstreams[turn].room(now):
                    self._turn = turn
                    return turn
        raise Full("the resolver takes no more questions now")

    def _wake(self, now: float) -> None:
        """The task rests without a look at the timers: now there is something to look at."""
        if self._nap is not None:
            self._nap.deadline = now + TICK
            self._nap = None

    def ask(self, plan: Plan, name: bytes, rtype: int, token: Any, done: Done | DoneWhole) -> None:
        """Ask, or wait for room at one of the plan's upstreams.

        Raises Full where too many wait already, or the engine does not run. `done` may be called at once.
        """
        now = trio.current_time()
        if not self.running or not plan.upstreams or len(self._timers.parked) >= MOST_WAITING:
            raise Full("the resolver takes no questions now")
        pending = Pending(name, rtype, token, done, plan, now + plan.seconds)
        pending.turn = -1
        self._course.try_next(pending, now)
        self._wake(now)

    # --- the one task ---

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Read answers and look after the timers until cancelled; what is then under way ends as TIMEOUT."""
        with select.epoll() as epoll:
            self._pool.start(epoll)
            try:
                async with trio.open_nursery() as nursery:
                    self._tcp.nursery = nursery
                    self._time = trio.lowlevel.current_clock().current_time
                    self.running = True
                    task_status.started()
                    await self._serve(epoll)
            finally:
                self._stop()

    def _stop(self) -> None:
        self.running = False
        self._tcp.nursery = None
        for pending in [*self._timers.clear(self._pool.open.values()), *self._tcp.clear()]:
            self._course.finish(pending, Answer(Outcome.TIMEOUT, why=STOPPED))
        self._pool.stop()

    async def _serve(self, epoll: select.epoll) -> None:
        ticked = trio.current_time()
        while True:
            ready = epoll.poll(0, 64)
            now = self._time()
            if ready:
                self._read(ready, now)
            if now >= ticked + TICK:  # as the deadline of `_rest` has it: no rounding in between
                ticked = now
                self._tick(now)
            if self._lots:
                self._make_way(now)
            if ready:
                await trio.lowlevel.checkpoint()
            else:
                await self._rest(epoll, ticked, now)

    async def _rest(self, epoll: select.epoll, ticked: float, now: float) -> None:
        """Wait for answers until the timers want to be looked at, or, with nothing under way, until something is.

        Who waits for room waits for the bucket to fill, too.
        """
        busy = bool(self._timers.parked or self._lots) or any(each.flight for each in self._pool.open.values())
        with trio.CancelScope(deadline=ticked + TICK if busy else now + REST) as nap:
            self._nap = None if busy else nap
            await trio.lowlevel.wait_readable(epoll.fileno())
        self._nap = None

    def _read(self, ready: list[tuple[int, int]], now: float) -> None:
        until = now + BUDGET
        for number, _ in ready:
            if (socket := self._pool.open.get(number)) is not None:
                self._drain(socket, now)
                now = self._time()
                if now > until:
                    return

    def _drain(self, socket: Socket, now: float) -> None:
        """Read what has come for one socket; the hottest lines of all."""
        recv, flight, upstream, gardens = socket.recv, socket.flight, socket.upstream, self._gardens
        server, sent, ended, told = upstream.name, 0.0, 0, b""
        try:
            for _ in range(BATCH):
                packet = recv(LONGEST_PACKET)
                pending = flight.pop(packet[:2], None)
                if pending is None or not packet.startswith(pending.question, 12):
                    self._course.stray(socket, pending, packet, now)
                    continue
                answer = quick(packet, 12 + len(pending.question), pending.rtype, server) if pending.common else None
                if answer is None:
                    self._course.uncommon(socket, pending, packet, now)
                    if self._time() > now + BUDGET:  # some take many milliseconds to read
                        break
                elif gardens is not None and gardens.hold(pending.rtype, answer.rdata):
                    upstream.answered += 1
                    self._course.walled(pending, answer, now)
                else:
                    sent, told = pending.sent, packet
                    pending.due = NEVER
                    upstream.in_flight -= 1
                    ended += 1
                    pending.done(pending.token, answer)
                if not flight:
                    break
        except BlockingIOError:
            pass
        except OSError:
            self._course.hurry(socket, now)
        finally:
            upstream.answered += ended
        if sent:
            upstream.measure(now - sent)
            upstream.recursed = upstream.recursed or told[3] & RECURSES != 0

    def _tick(self, now: float) -> None:
        for pending in self._timers.due(self._pool.open.values(), now):
            if pending.due <= now:  # it may stand there twice
                self._course.lost(pending, now)
        if now - self._looked_after >= LOOK_AFTER:
            self._looked_after = now
            for upstream in {each.upstream for each in self._pool.open.values()}:
                upstream.adapt(now)
            self._pool.sweep(now)
