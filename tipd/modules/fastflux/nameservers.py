"""The name servers of what is watched more closely: their names, and these names' addresses, over time.

Where a zone's servers move as its hosts do, flux is double. Asked are the registrable domains of likely and confirmed
names first, then of candidates; a few at a time, at most a twentieth of all questions, each domain once in a while. A
server that many zones share is asked about once for all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import trio

from tipd.model.dns import AAAA, NS, A, Outcome
from tipd.model.flux import Observation, State
from tipd.modules.fastflux.breath import unhurried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.dns import Answer
    from tipd.modules.fastflux.needs import Asns, Resolver, Subject, Tracker
    from tipd.modules.fastflux.settings import FluxSettings

AT_ONCE = 8
SHARE = 0.05  # of all questions
MOST_SERVERS = 16  # of one zone that are looked at
MOST_ADDRESSES = 32  # of one server
MOST_KEPT = 50_000  # domains and servers that are remembered
MOST_CANDIDATES = 5_000  # candidates that are looked at in one go …
CANDIDATES_EVERY = 60.0  # … and how often (seconds)
PAUSE = 5.0  # seconds between two looks at what is due
FRESH = 300.0  # seconds a server's addresses hold for all zones at least that have it
_FIRST = frozenset({State.LIKELY, State.CONFIRMED})
_THEN = frozenset({State.CANDIDATE})


class Server(NamedTuple):
    """A name server's addresses, packed and sorted, and until when they hold."""

    addresses: bytes
    until: float


class Nameservers:
    """`run` asks for ever while `may` says so; what it sees goes to `seen`."""

    def __init__(
        self,
        resolver: Resolver,
        tracker: Tracker,
        asns: Asns | None,
        settings: FluxSettings,
        *,
        clock: Clock,
        log: Log,
        seen: Callable[[Sequence[Observation]], None],
    ) -> None:
        """Know nothing yet."""
        self._resolver = resolver
        self._tracker = tracker
        self._asns = asns
        self._clock = clock
        self._log = log
        self._seen = seen
        self._every = settings.seconds("nameservers_every")
        self._spacing = 1.0 / max(1.0, settings.queries_per_second * SHARE)
        self._asked: OrderedDict[str, float] = OrderedDict()  # domain -> when, the oldest first
        self._servers: OrderedDict[str, Server] = OrderedDict()
        self._slots = trio.CapacityLimiter(AT_ONCE)
        self._candidates_at, self._start = 0.0, 0  # when candidates have their turn again, and from which one on
        self._next = 0.0  # when the next question may go out
        self.questions = 0

    async def run(self, may: Callable[[], bool] = lambda: True) -> None:
        """Ask for what is due, then look again."""
        while True:
            if may():
                await self.look(may)
            await trio.sleep(min(PAUSE, self._every))

    async def look(self, may: Callable[[], bool] = lambda: True) -> None:
        """Ask for every domain that is due."""
        async with trio.open_nursery() as nursery:
            for apex, subjects in await self._due():
                await self._slots.acquire_on_behalf_of(apex)
                if not may():
                    self._slots.release_on_behalf_of(apex)
                    return
                nursery.start_soon(self._ask_and_leave, apex, subjects)

    async def _due(self) -> list[tuple[str, list[Subject]]]:
        """Return domains to ask for with the names below them; those that flux first."""
        now = trio.current_time()
        subjects = await unhurried(self._tracker.subjects(_FIRST), MOST_KEPT)
        if now >= self._candidates_at:
            self._candidates_at = now + min(CANDIDATES_EVERY, self._every)
            candidates = await unhurried(self._tracker.subjects(_THEN, start=self._start), MOST_CANDIDATES)
            self._start += len(candidates)
            subjects += candidates
        groups = _by_apex(subjects)
        return [(apex, names) for apex, names in groups.items() if now - self._asked.get(apex, -inf) >= self._every]

    async def _ask_and_leave(self, apex: str, subjects: list[Subject]) -> None:
        try:
            await self.ask(apex, subjects)
        except Exception as error:  # one domain's oddity harms no other
            self._log.exception("name servers could not be looked at", apex=apex, error=type(error).__name__)
        finally:
            self._slots.release_on_behalf_of(apex)

    async def ask(self, apex: str, subjects: Sequence[Subject]) -> None:
        """Ask for one domain's name servers and their addresses; tell the tracker."""
        _keep(self._asked, apex, trio.current_time())
        answer = await self._query(apex, NS)
        if answer is None or answer.outcome is not Outcome.NOERROR or not answer.records:
            return
        names = [name for name in answer.records if name and name != "."][:MOST_SERVERS]
        at = self._clock.now().timestamp()
        self._seen([_observation(apex, NS, name.encode(), asn=0, at=at, answer=answer) for name in names])
        packed = b"".join([await self._addresses_of(name) for name in names])
        addresses = b"".join(sorted({packed[n : n + 4] for n in range(0, len(packed), 4)}))
        asns = self._asns_of(addresses)
        for subject in subjects:
            self._tracker.learn_servers(subject.id, at, names, addresses, asns)

    async def _addresses_of(self, server: str) -> bytes:
        """Return a server's IPv4 addresses; asked for where they are not known or no longer hold."""
        known = self._servers.get(server)
        if known is not None and trio.current_time() < known.until:
            return known.addresses
        found, holds = b"", FRESH
        for rtype, width in ((A, 4), (AAAA, 16)):
            answer = await self._query(server, rtype)
            if answer is None or answer.outcome is not Outcome.NOERROR:
                continue
            at = self._clock.now().timestamp()
            rdata = answer.rdata[: width * MOST_ADDRESSES]
            pieces = [rdata[n : n + width] for n in range(0, len(rdata), width)]
            asns = self._asns_of(rdata) if rtype == A else [self._asn6(piece) for piece in pieces]
            self._seen([
                _observation(server, rtype, piece, asn=asn, at=at, answer=answer)
                for piece, asn in zip(pieces, asns or [0] * len(pieces), strict=True)
            ])  # fmt: skip
            if rtype == A:
                found, holds = rdata, min(max(FRESH, float(answer.ttl)), self._every)
        _keep(self._servers, server, Server(found, trio.current_time() + min(holds, self._every)))
        return found

    async def _query(self, name: str, rtype: int) -> Answer | None:
        """Ask one question in its turn; None where the name is none that can be asked for."""
        now = trio.current_time()
        self._next = max(now, self._next + self._spacing)
        await trio.sleep(self._next - now)
        self.questions += 1
        try:
            return await self._resolver.query(name, rtype)
        except ValueError:
            return None

    def _asns_of(self, addresses: bytes) -> Sequence[int]:
        """Return the AS of each packed IPv4 address, 0 where it is not known; nothing where there is no table."""
        if self._asns is None or not len(self._asns.table):
            return []
        return self._asns.table.of_packed(addresses)

    def _asn6(self, address: bytes) -> int:
        if self._asns is None or not len(self._asns.table):
            return 0
        return int(self._asns.table.many6(np.array([address], "S16"))[0])


def _by_apex(subjects: Iterable[Subject]) -> dict[str, list[Subject]]:
    groups: dict[str, list[Subject]] = {}
    for subject in subjects:
        groups.setdefault(subject.apex, []).append(subject)
    return groups


def _keep[T](kept: OrderedDict[str, T], key: str, value: T) -> None:
    """Remember it as the newest; the oldest beyond so many go."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)


def _observation(name: str, rtype: int, data: bytes, *, asn: int, at: float, answer: Answer) -> Observation:
    return Observation(
        name=name,
        rtype=rtype,
        data=data,
        asn=asn,
        first=at,
        last=at,
        count=1,
        ttl_min=answer.ttl,
        ttl_max=answer.ttl,
        true_ttl=answer.true_ttl,
        upstream=answer.server,
    )
