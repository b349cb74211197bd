"""Straight to the zones' own servers: from the root down, so TTLs are true and no resolver sees the names.

No task belongs to a question. A walk takes its next step when an answer comes; a name whose zone is known already is
one question to that zone's server. What a hostile zone can make of a question is bounded: questions, depth, servers
looked up by name, and time (see `walk`), so that its delegations neither run in circles nor multiply (NXNSAttack).
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import trio

from tipd.model.dns import Answer, Outcome, text_name, wire_name
from tipd.net.guard import Guard
from tipd.net.resolver.bailiwick import ROOT, below, within
from tipd.net.resolver.delegation import Delegation, Delegations, Hosts, NameServer
from tipd.net.resolver.lookups import Lookups
from tipd.net.resolver.packet import quick
from tipd.net.resolver.pending import DEADLINE, Full, Plan
from tipd.net.resolver.policy import PLAIN, Marks
from tipd.net.resolver.reading import LONGEST_CHAIN
from tipd.net.resolver.roots import root_servers
from tipd.net.resolver.servers import Servers
from tipd.net.resolver.straight import Alias, Final, Lame, Referral, said
from tipd.net.resolver.waiting import Waiting
from tipd.net.resolver.walk import Walk
from tipd.net.resolver.walked import walked

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from tipd.net.resolver.policy import Policy
    from tipd.net.resolver.servers import Server
    from tipd.net.settings import NetSettings

MOST_WALKS = 2048  # at once
MOST_ASKED = 4  # servers of a zone, one after the other, in one go
STEP_SECONDS = 5.0  # for one go
LEAST_TRIES = 3
TICK = 0.02  # seconds between two looks at servers' room, while walks wait for it
SLICE = 64  # walks that set out before other tasks have their turn
STOPPED = "the resolver stopped"
ORDERED_FOR = 0.5  # seconds that an order of servers holds
STALE = 60.0  # seconds: a delegation older than this that leads nowhere is asked for again
_HEADER, _FIXED = 12, 4


class Asks(Protocol):
    """What a walk needs of the engine."""

    def ask(self, plan: Plan, name: bytes, rtype: int, token: Any, done: Callable[[Any, Answer, bytes], None]) -> None:
        """Put a question; `done` is called once. Raises Full where it does not run."""
        ...


class Authority:
    """Walks names down from the root, many at a time; all of it runs in the engine's task and in `submit`."""

    def __init__(
        self, asks: Asks, policy: Policy, servers: Servers, roots: tuple[str, ...], now: Callable[[], float]
    ) -> None:
        """`roots`: keys of `servers`."""
        self._asks, self._policy, self._servers, self._now = asks, policy, servers, now
        root = Delegation(ROOT, (NameServer(ROOT, roots),), float("inf"))
        self._delegations = Delegations(root, now)
        self._hosts = Hosts(now)
        self._waiting = Waiting()
        self._lookups = Lookups(self._delegations, self._hosts, self._step)
        self._heads: dict[bytes, list[Walk]] = {}  # who waits for the walk that looks for a registrable domain
        self._freed: deque[Walk] = deque()  # waited for another one's walk, and may go on
        self._early: deque[tuple[Walk, Answer]] = deque()  # ended while they were put: told in the task
        self._putting = False
        self._awake = trio.Event()
        self._walks = 0
        self._running = False
        self._lot = trio.lowlevel.ParkingLot()
        self._counts = dict.fromkeys(("walks", "referrals", "aliases", "lame", "spent"), 0)

    @classmethod
    def build(cls, asks: Asks, policy: Policy, settings: NetSettings, rng: random.Random) -> Authority:
        """Return what `[net]` describes, on trio's clock."""
        now, port = trio.current_time, settings.authority_port
        servers = Servers(Guard(settings.allow_networks), port, settings.authority_rate, now, rng)
        return cls(asks, policy, servers, servers.trust(root_servers(settings.root_servers, port)), now)

    @property
    def room(self) -> int:
        """Return how many names it would take now; 0 where it does not run."""
        return MOST_WALKS - self._walks if self._running else 0

    async def wait_room(self) -> None:
        """Return when it would take at least one name."""
        await trio.lowlevel.checkpoint()
        while not self.room:
            await self._lot.park()

    def submit(
        self,
        name: bytes,
        rtype: int,
        token: Any,
        done: Callable[[Any, Answer], None],
        *,
        apex: str = "",
        seconds: float = DEADLINE,
    ) -> None:
        """Put a question (a canonical wire name); `done` is called once, in the task.

        Raises Full where there is no room, ValueError where `apex` is no name.
        """
        if not self.room:
            raise Full("no room for more names on their way to their own servers")
        walk = Walk(name, rtype, token, done, self._now() + seconds)
        self._walks += 1
        self._counts["walks"] += 1
        self._putting = True
        try:
            self._set_out(walk, wire_name(apex) if apex else b"")
        finally:
            self._putting = False

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take names while the engine runs, and tell of those that ended while they were put; until cancelled."""
        self._running = True
        self._lot.unpark_all()
        task_status.started()
        try:
            while True:
                with trio.move_on_after(TICK if self._waiting else inf):
                    await self._awake.wait()
                self._awake = trio.Event()
                self._resume(self._waiting.ready(self._now()))
                while self._early or self._freed:
                    self._tell_early()
                    for _ in range(min(len(self._freed), SLICE)):
                        self._set_out(self._freed.popleft(), b"")
                    await trio.lowlevel.checkpoint()
        finally:
            self._running = False
            self._end_freed()
            for walk in self._waiting.clear():
                self._end(walk, Answer(Outcome.TIMEOUT, why=STOPPED))
            self._tell_early()

    def _tell_early(self) -> None:
        while self._early:
            walk, answer = self._early.popleft()
            walk.done(walk.token, answer)

    def _end_freed(self) -> None:
        while self._freed:
            self._end(self._freed.popleft(), Answer(Outcome.TIMEOUT, why=STOPPED))

    def facts(self) -> dict[str, Any]:
        """Return counts for people."""
        known = {"zones": len(self._delegations), "hosts": len(self._hosts), "under_way": self._walks}
        return {**known, **self._counts, "lookups": self._lookups.count, **self._servers.facts()}

    # --- steps ---

    def _set_out(self, walk: Walk, apex: bytes) -> None:
        """Begin at the nearest zone known; of many names of one domain that is not, one goes ahead."""
        found = self._delegations.deepest(walk.at)
        if apex and not walk.was_held and within(walk.at, apex) and below(apex, found.zone):
            if (others := self._heads.get(apex)) is not None:
                walk.was_held = True
                others.append(walk)
                return
            self._heads[apex] = []
            walk.heads = apex
        walk.enter(found, from_cache=True)
        self._step(walk)

    def _step(self, walk: Walk) -> None:
        """Ask the next servers; look up those that have no address yet; else give the zone up."""
        if not walk.live or walk.asking:
            return
        if self._now() >= walk.deadline:
            self._end(walk, walk.trouble or Answer(Outcome.TIMEOUT, why="no answer in time"))
        elif walk.budget.left <= 0:
            self._counts["spent"] += 1
            self._end(walk, Answer(Outcome.SERVFAIL, why="its delegations cost too many questions"))
        elif servers := self._candidates(walk):
            self._ask(walk, tuple(servers[:MOST_ASKED]))
        elif not self._lookups.begin(walk, _zone_of(walk)):
            self._give_up(walk)

    def _candidates(self, walk: Walk) -> Sequence[Server]:
        """Return the servers to be asked, in order; what holds for all names of the zone is kept for a moment."""
        zone, now = _zone_of(walk), self._now()
        if zone.ordered_until > now and not walk.passed:
            return zone.order
        keys = dict.fromkeys(key for each in zone.servers for key in each.addresses or self._hosts.get(each.name) or ())
        usable = (key for key in keys if key not in walk.passed and not zone.is_lame(key, now))
        found = self._servers.order(server for key in usable if (server := self._servers.get(key)) is not None)
        if found and not walk.passed:
            zone.order, zone.ordered_until = found, now + ORDERED_FOR
        return found

    def _ask(self, walk: Walk, servers: tuple[Server, ...]) -> None:
        now = self._now()
        walk.asked, walk.asking = servers, True
        if self._running and not any(each.upstream.room(now) for each in servers):
            self._waiting.put(walk, servers[0])
            self._awake.set()
            return
        upstreams = tuple(each.upstream for each in servers)
        seconds = min(STEP_SECONDS, walk.deadline - now)
        tries = max(LEAST_TRIES, len(servers))
        plan = Plan(upstreams=upstreams, recursion=False, seconds=seconds, tries=tries, whole=True)
        walk.budget.left -= 1
        try:
            self._asks.ask(plan, walk.at, walk.rtype, walk, self._replied)
        except Full as error:  # the engine stops
            self._end(walk, Answer(Outcome.TIMEOUT, why=str(error)))

    def _replied(self, walk: Walk, answer: Answer, packet: bytes) -> None:
        walk.asking = False
        if walk.live:
            self._take(walk, answer, packet)
        for each in walk.asked:
            self._resume(self._waiting.ready_at(each.key, self._now()))

    def _resume(self, walks: Iterable[Walk]) -> None:
        for walk in walks:
            walk.asking = False
            self._step(walk)

    def _take(self, walk: Walk, answer: Answer, packet: bytes) -> None:
        """Act by what a server said, or by nobody's having said anything."""
        server = next((each for each in walk.asked if each.upstream.name == answer.server), None)
        if not packet or server is None:
            walk.passed.update(each.key for each in walk.asked)
            walk.trouble = walk.trouble or Answer(Outcome.TIMEOUT, why=answer.why or "no server of the zone answered")
            self._step(walk)
            return
        zone = _zone_of(walk)
        if self._common(walk, packet, answer.server):
            return
        match said(packet, walk.at, walk.rtype, zone.zone, answer.server):
            case Final(told, marks):
                self._final(walk, told, marks)
            case Referral() as referral:
                self._descend(walk, referral)
            case Alias() as alias:
                self._follow(walk, alias)
            case Lame() as lame:
                self._pass_over(walk, server, lame)

    def _common(self, walk: Walk, packet: bytes, server: str) -> bool:
        """Take addresses of the name itself, or its not being there, said with authority; return whether it is that."""
        behind = _HEADER + len(walk.at) + _FIXED
        told, marks = quick(packet, behind, walk.rtype, server), PLAIN
        if told is None and (reading := walked(packet, behind, walk.at, walk.rtype, server)) is not None:
            told, marks = reading.answer, reading.marks
        if told is None or not told.true_ttl or told.cname or told.outcome not in (Outcome.NOERROR, Outcome.NXDOMAIN):
            return False
        self._final(walk, told, marks)
        return True

    def _final(self, walk: Walk, told: Answer, marks: Marks) -> None:
        if marks is PLAIN and not self._policy.gardens:
            self._end(walk, told)
            return
        name = walk.chain[-1] if walk.chain else text_name(walk.at)
        if why := self._policy.why(name, walk.rtype, told, marks, direct=True):
            told = msgspec.structs.replace(told, outcome=Outcome.POLICY, why=why)
        self._end(walk, told)

    def _descend(self, walk: Walk, referral: Referral) -> None:
        self._counts["referrals"] += 1
        walk.enter(self._delegations.keep(referral.zone, referral.servers, referral.ttl), from_cache=False)
        if walk.heads is not None and within(referral.zone, walk.heads):
            self._release(walk)
        self._step(walk)

    def _follow(self, walk: Walk, alias: Alias) -> None:
        self._counts["aliases"] += 1
        seen = {*walk.chain, text_name(walk.at)}
        walk.chain += alias.cname
        walk.ttl = min(walk.ttl, alias.ttl)
        if not seen.isdisjoint(alias.cname):
            self._end(walk, Answer(Outcome.SERVFAIL, why="a chain of CNAMEs that runs in a circle"))
        elif len(walk.chain) > LONGEST_CHAIN:
            self._end(walk, Answer(Outcome.SERVFAIL, why=f"a chain of more than {LONGEST_CHAIN} CNAMEs"))
        else:
            walk.at = alias.end
            walk.enter(self._delegations.deepest(walk.at), from_cache=True)
            self._step(walk)

    def _pass_over(self, walk: Walk, server: Server, lame: Lame) -> None:
        self._counts["lame"] += 1
        walk.passed.add(server.key)
        walk.trouble = Answer(lame.outcome, server=server.upstream.name, why=lame.why)
        if why := self._policy.why(text_name(walk.at), walk.rtype, walk.trouble, lame.marks, direct=True):
            self._end(walk, msgspec.structs.replace(walk.trouble, outcome=Outcome.POLICY, why=why))
            return
        if lame.everywhere:
            _zone_of(walk).mark_lame(server.key, self._now())
        self._step(walk)

    def _give_up(self, walk: Walk) -> None:
        """No server of the zone is left: ask for the zone's servers anew where what is known of them is not fresh."""
        zone = _zone_of(walk)
        if walk.from_cache and self._now() - zone.since >= STALE and self._delegations.drop(zone):
            walk.enter(self._delegations.deepest(walk.at), from_cache=True)
            self._step(walk)
            return
        if walk.trouble is None:
            lame = any(until > self._now() for until in zone.lame.values())
            why = f"no server of {text_name(zone.zone)} " + ("speaks for it" if lame else "may be asked, or answers")
            walk.trouble = Answer(Outcome.SERVFAIL if lame else Outcome.TIMEOUT, why=why)
        self._end(walk, walk.trouble)

    def _end(self, walk: Walk, answer: Answer) -> None:
        if walk.chain:
            whole = (*walk.chain, *answer.cname)
            answer = msgspec.structs.replace(answer, cname=whole, ttl=min(walk.ttl, answer.ttl))
        walk.live = False
        self._release(walk)
        if walk.depth:
            walk.done(walk.token, answer)
            return
        self._walks -= 1
        self._lot.unpark()
        if self._putting:
            self._early.append((walk, answer))
            self._awake.set()
        else:
            walk.done(walk.token, answer)

    def _release(self, walk: Walk) -> None:
        """Let those go on that waited for this walk to find their domain's servers."""
        if walk.heads is None:
            return
        held, walk.heads = self._heads.pop(walk.heads), None
        self._freed.extend(held)
        if self._running:
            self._awake.set()
        else:
            self._end_freed()


def _zone_of(walk: Walk) -> Delegation:
    assert walk.delegation is not None  # noqa: S101  # set by `enter`, before the first step
    return walk.delegation
