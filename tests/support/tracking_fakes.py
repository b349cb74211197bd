"""Stand-ins for what the tracking service stands on: a tracker that notes, a store in memory, a resolver of answers."""

from __future__ import annotations

import socket
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import trio

from support.schedule import Findings
from tipd.errors import StoreAway
from tipd.model.allow import AllowList
from tipd.model.dns import Answer, Outcome
from tipd.model.flux import Batch, KnownName, State
from tipd.model.tlp import Tlp
from tipd.model.tracked import Added, Pivot, PivotRow
from tipd.modules.fastflux.needs import Subject


def known(name: str, **more: Any) -> KnownName:
    """Return a name as the store hands it to the tracker."""
    fields: dict[str, Any] = {
        "id": 1, "name": name, "apex": ".".join(name.split(".")[-2:]), "state": State.CANDIDATE, "tags": (),
        "tlp": Tlp.GREEN, "revision": 1, "due": 0.0, "ttl": 0, "samples": 0, "last_sample": 0.0, "memo": b"",
    }  # fmt: skip
    return KnownName(**fields | more)


def subject(name: str, **more: Any) -> Subject:
    """Return a name as the chores see it."""
    fields: dict[str, Any] = {
        "id": 1, "name": name, "apex": ".".join(name.split(".")[-2:]), "state": State.CONFIRMED, "tags": (),
        "addresses": b"",
    }  # fmt: skip
    return Subject(**fields | more)


def packed(*addresses: str) -> bytes:
    """Return addresses as answers hold them."""
    return b"".join(sorted(socket.inet_aton(one) for one in addresses))


class Tracker:
    """Notes what it is told; `names` are its subjects, `gathered` what the next drain gives."""

    def __init__(self, *names: Subject) -> None:
        self.allowed_until = 0.0
        self.names = list(names)
        self.taken: list[tuple[list[KnownName], float]] = []
        self.dropped: list[int] = []
        self.gathered: list[Batch] = []
        self.rolled: list[int] = []
        self.servers: list[tuple[int, tuple[str, ...], bytes, tuple[int, ...]]] = []
        self.learned: dict[int, dict[str, Any]] = defaultdict(dict)
        self.ran = 0
        self.had: dict[int, list[int]] = {}  # distinct addresses, by id
        self.knowledge: Any = None

    @property
    def count(self) -> int:
        return len(self.names)

    def take(self, names, not_before):
        self.taken.append((list(names), not_before))

    def drop(self, ids):
        self.dropped += ids

    async def run(self):
        self.ran += 1
        await trio.sleep_forever()

    def drain(self):
        return self.gathered.pop(0) if self.gathered else Batch()

    def roll(self, most):
        self.rolled.append(most)

    def subjects(self, states, *, tags=frozenset(), start=0):
        found = [one for one in self.names if one.state in states and (not tags or tags & {*one.tags})]
        start %= len(found) or 1
        return iter(found[start:] + found[:start])

    def learn_servers(self, name_id, at, names, addresses, asns):
        self.servers.append((name_id, tuple(names), addresses, tuple(asns)))

    def learn(self, name_id, **said):
        self.learned[name_id] |= {word: value for word, value in said.items() if value is not None}

    def distinct(self, name_id):
        return self.had.get(name_id, [])

    def know(self, knowledge):
        self.knowledge = knowledge

    def facts(self):
        return {"names": len(self.names)}


class Flux:
    """`store.flux` in memory; `away` makes every call raise StoreAway."""

    def __init__(self) -> None:
        self.away = False
        self.added: list[tuple[list[Any], bool]] = []
        self.known: set[str] = set()
        self.refuses: dict[str, str] = {}
        self.open: list[Any] = []  # listed
        self.pages: list[list[KnownName]] = []
        self.changes: list[KnownName] = []
        self.saved: list[Batch] = []
        self.listed_value: dict[str, int] = {}
        self.revised = 0
        self.asked: list[Any] = []
        self.marks = []
        self.joins: list[list[tuple[int, ...]]] = []
        self.members: dict[int, int] = {}
        self.details: dict[str, Any] = {}
        self.leads: dict[str, list[PivotRow]] = {}
        self.by_root: dict[str, int] = {}
        self.thinned = 0
        self.over: list[tuple[str, str]] = []
        self.remarked = 0
        self.chosen: list[tuple[str, ...]] = []
        self.lease: Any = None

    async def _reach(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreAway("away")

    async def add(self, names, *, initial=False):
        await self._reach()
        self.added.append((list(names), initial))
        refused = {new.name: self.refuses[new.name] for new in names if new.name in self.refuses}
        fresh = {new.name for new in names} - self.known - refused.keys()
        self.known |= fresh
        return Added(new=tuple(sorted(fresh)), known=(), refused=refused)

    async def counts(self, *, max_tlp):
        await self._reach()
        return {State.CANDIDATE: len(self.known)}

    async def ended(self, evidence):
        await self._reach()
        self.over += evidence
        return len(evidence)

    async def let_go_unchosen(self, classes):
        await self._reach()
        self.chosen.append(tuple(classes))
        return 0

    async def listed(self, classes, after, limit):
        await self._reach()
        start = after or 0
        page = self.open[start : start + limit]
        return page, (start + limit if start + limit < len(self.open) else None)

    async def load(self, page=5000):
        await self._reach()
        for rows in self.pages:
            yield rows

    async def revision(self):
        await self._reach()
        return self.revised

    async def changed_since(self, revision, limit):
        await self._reach()
        rows = sorted((one for one in self.changes if one.revision > revision), key=lambda one: one.revision)
        return rows[:limit]

    async def save(self, batch, *, vantage):
        await self._reach()
        self.saved.append(batch)

    async def hits(self, names, addresses, *, max_tlp):
        await self._reach()
        self.marks.append(max_tlp)
        self.asked.append((list(names), list(addresses)))
        return {value: n for value, n in self.listed_value.items() if value in {*names, *addresses}}

    async def join(self, groups):
        await self._reach()
        self.joins.append(list(groups))
        joined = []
        for number, ids in enumerate(groups, 1):
            joined.append(SimpleNamespace(network=number, joined=[n for n in ids if self.members.get(n) != number]))
        self.members = {n: number for number, ids in enumerate(groups, 1) for n in ids}
        return joined

    async def get(self, name, *, max_tlp, at=None):
        await self._reach()
        return self.details.get(name)

    async def followed(self, root):
        await self._reach()
        return self.by_root.get(root, 0)

    async def pivot(self, value, *, since=None, until=None, tag=(), limit=1000, max_tlp):
        await self._reach()
        self.asked.append(value)
        return Pivot(kind="domain", value=value, rows=tuple(self.leads.get(value, ())))

    async def thin(self, max_bytes, keep_samples):
        await self._reach()
        self.thinned += 1
        return SimpleNamespace(months=[], rows=0, bytes=4096)

    async def remark(self):
        await self._reach()
        self.remarked += 1
        return 0


class Lease:
    """The row of the store, in memory; `away` makes it raise, `slow` makes it answer late."""

    def __init__(self) -> None:
        self.holder: Any = None
        self.until: Any = None
        self.away = False
        self.slow = 0.0

    async def _reach(self) -> None:
        await trio.sleep(self.slow)
        if self.away:
            raise StoreAway("away")

    async def take(self, holder, now, valid):
        await self._reach()
        ours = self.holder in (None, holder) or self.until <= now
        former = self.until
        if ours:
            self.holder, self.until = holder, now + valid
        return SimpleNamespace(ours=ours, former_until=former)

    async def renew(self, holder, now, valid):
        await self._reach()
        if self.holder != holder:
            return False
        self.until = now + valid
        return True

    async def give_back(self, holder, now):
        await self._reach()
        if self.holder == holder:
            self.holder, self.until = None, min(self.until, now)


class Store:
    """The store: a log, sources, an allowlist, and `flux`."""

    def __init__(self, *sources: Any) -> None:
        self.flux = Flux()
        self.flux.lease = Lease()
        self.available = True
        self.findings = Findings()
        self.rows = list(sources)
        self.allow = AllowList()
        self.sources = SimpleNamespace(all=self._all)
        self.allowed = SimpleNamespace(fresh=self._fresh)
        self.subscribers: list[Any] = []
        self.writer = SimpleNamespace(subscribe=self._subscribe)
        self.heard: dict[str, Any] = {}
        self.pool = SimpleNamespace(listen=self.heard.__setitem__)

    def _subscribe(self, on_commit):
        self.subscribers.append(on_commit)
        return lambda: self.subscribers.remove(on_commit)

    async def _all(self, *, declared_only=True):
        await trio.lowlevel.checkpoint()
        return self.rows

    async def _fresh(self):
        await trio.lowlevel.checkpoint()
        return self.allow


def source(name: str, class_: str = "phishing", tlp: Tlp = Tlp.CLEAR) -> Any:
    """Return as much of a source's row as is needed."""
    return SimpleNamespace(name=name, class_=class_, tlp=tlp)


class Resolver:
    """Answers out of `zone`: (name, type) -> Answer, or a function of the name; what is not there is NXDOMAIN."""

    configured = True

    def __init__(self, zone: dict[Any, Any] | None = None) -> None:
        self.zone = zone or {}
        self.asked: list[tuple[str, int]] = []
        self.room = 100
        self.under_way = 0
        self.most_under_way = 0
        self.takes = 0.0

    async def wait_room(self):
        await trio.lowlevel.checkpoint()

    async def query(self, name, rtype, **_options):
        self.asked.append((name, rtype))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await trio.sleep(self.takes)
        self.under_way -= 1
        found = self.zone.get((name, rtype), self.zone.get(rtype))
        if callable(found):
            found = found(name)
        return found or Answer(Outcome.NXDOMAIN, server="192.0.2.53:53")

    def facts(self):
        return {"resolvers": []}
