"""Pulling from agents: a store in memory, workers in this process, and what a pull stands on."""

from __future__ import annotations

import hashlib
import importlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import trio
import zstandard

from support import sealed
from tipd import log
from tipd.agent import protocol
from tipd.agent.protocol import Manifest
from tipd.clock import Clock, SystemClock
from tipd.errors import StoreAway, TryAgain
from tipd.mail import record as records
from tipd.model.finding import NewFinding
from tipd.model.spam import Cursor, SpamBatch, Taken
from tipd.model.tlp import Tlp
from tipd.modules.spamtrap.agents.needs import Ground
from tipd.modules.spamtrap.agents.origin import MOST_LISTED, Lines, Listing
from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.modules.spamtrap.settings import AgentSource, SpamtrapSettings
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8",)


def mail(number: int, **more: Any) -> bytes:
    """Return the line of a mail."""
    values: dict[str, Any] = {
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "at": "2026-11-22T03:00:00Z",
        "size": 1000 + number,
        "subject": f"Offer {number}",
        "template": "00112233aabbccdd",
        "relay": records.Relay(address="198.51.100.7"),
        "urls": (f"https://shop{number % 3}.example.org/a",),
    }
    return records.encode(records.Record(**(values | more))) + b"\n"


def mails(*numbers: int) -> bytes:
    """Return the lines of several."""
    return b"".join(mail(number) for number in numbers)


def name_of(number: int) -> bytes:
    """Return a mail's SHA-256."""
    return hashlib.sha256(str(number).encode()).digest()


@dataclass
class FakeSpam:
    """`store.spam` in memory: batches whole or not at all, cursors that only go on."""

    cursor: dict[tuple[str, str], Cursor] = field(default_factory=dict)
    mails: dict[bytes, int] = field(default_factory=dict)
    batches: list[SpamBatch] = field(default_factory=list)
    findings: list[NewFinding] = field(default_factory=list)
    refusals: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    away: int = 0  # so many calls fail
    taken: trio.Event = field(default_factory=trio.Event)
    refused_: trio.Event = field(default_factory=trio.Event)
    agents: dict[str, tuple[str | None, int | None, bool | None]] = field(default_factory=dict)
    noted: trio.Event = field(default_factory=trio.Event)

    async def take(self, batch: SpamBatch, *, sighting_keep: timedelta) -> Taken:
        await trio.lowlevel.checkpoint()
        self._may_be_away()
        for mark in batch.versions:
            before = self.cursor.get((mark.agent, mark.view))
            if before is not None and mark.number != before.number + 1:
                raise TryAgain(f"version {before.number + 1} is next")
            self.cursor[mark.agent, mark.view] = Cursor(number=mark.number, manifest_sha256=mark.sha256, key=mark.key)
        new = [one for one in batch.mails if one.sha256 not in self.mails]
        self.mails |= {one.sha256: one.version for one in new}
        gone = [self.mails.pop(one) for one in batch.withdraws if one in self.mails]
        self.batches.append(batch)
        self.findings += batch.findings
        self.taken.set()
        self.taken = trio.Event()
        return Taken(new=len(new), known=len(batch.mails) - len(new), withdrawn=len(gone))

    async def cursors(self) -> Mapping[tuple[str, str], Cursor]:
        await trio.lowlevel.checkpoint()
        self._may_be_away()
        return dict(self.cursor)

    async def refused(self, agent: str, view: str, number: int, reason: str, detail: str) -> bool:
        await trio.lowlevel.checkpoint()
        self.refusals.append((agent, view, number, reason, detail))
        self.refused_.set()
        return True

    async def agent(
        self, name: str, *, view: str | None = None, there: int | None = None, pinned: bool | None = None
    ) -> None:
        await trio.lowlevel.checkpoint()
        self.agents[name] = (view, there, pinned)
        self.noted.set()
        self.noted = trio.Event()

    def _may_be_away(self) -> None:
        if self.away:
            self.away -= 1
            raise StoreAway("away")

    @property
    def last(self) -> int:
        """The number the only cursor stands on."""
        return max((one.number for one in self.cursor.values()), default=0)

    async def until(self, number: int) -> None:
        """Wait until the cursor stands there."""
        with trio.fail_after(10):
            while self.last < number:
                await self.taken.wait()


@dataclass
class FakeRows:
    """`store.sources` in memory."""

    rows: dict[str, SimpleNamespace] = field(default_factory=dict)
    outcomes: list[tuple[str, Any]] = field(default_factory=list)
    findings: list[NewFinding] = field(default_factory=list)
    declared: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, name: str) -> Any:
        return self.rows.setdefault(name, _row(name, len(self.rows) + 1))

    async def all(self, *, declared_only: bool = True) -> list[Any]:
        return [row for row in self.rows.values() if row.declared or not declared_only]

    async def declare(self, module: str, declared: Mapping[str, Any]) -> list[Any]:
        self.declared.append(dict(declared))
        for name, one in declared.items():
            row = await self.get(name)
            row.__dict__.update(
                module=module,
                declared=True,
                tlp=one.tlp,
                redistribute=one.redistribute,
                class_=one.class_,
                licence=one.licence,
            )
        return list(self.rows.values())

    async def know(self, module: str, off: Mapping[str, Any], at: datetime, *_more: Any) -> None:
        await trio.lowlevel.checkpoint()

    async def settle(self, source_id: int, outcome: Any, findings: Sequence[NewFinding] = ()) -> None:
        row = next(row for row in self.rows.values() if row.id == source_id)
        row.state = outcome.state
        self.outcomes.append((row.name, outcome))
        self.findings += findings


def _row(name: str, number: int) -> SimpleNamespace:
    return SimpleNamespace(
        id=number,
        name=name,
        module="spamtrap",
        declared=False,
        state="new",
        tlp=Tlp.RED,
        redistribute=False,
        class_="blacklist",
        licence="",
    )


@dataclass
class FakeProofs:
    """`store.proofs` in memory."""

    keys: list[int] = field(default_factory=list)

    async def blocked(self) -> list[int]:
        await trio.lowlevel.checkpoint()
        return self.keys


@dataclass
class FakeStore:
    """The store, as far as agents go."""

    proofs: FakeProofs = field(default_factory=FakeProofs)
    spam: FakeSpam = field(default_factory=FakeSpam)
    sources: FakeRows = field(default_factory=FakeRows)
    store_id: str = "test"
    hash_seed: int = 7


class Inline:
    """Workers that are this process: arguments and results travel as MessagePack all the same."""

    async def call(self, function: str, argument: Any, result_type: Any, **_more: Any) -> Any:
        await trio.lowlevel.checkpoint()
        module, _, name = function.partition(":")
        called = getattr(importlib.import_module(module), name)
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(argument), type=type(argument))
        return msgspec.msgpack.decode(msgspec.msgpack.encode(called(sent)), type=result_type)


def fetcher(clock: Clock | None = None) -> Fetcher:
    """Return a fetcher that reaches loopback."""
    settings = NetSettings(allow_networks=LOOPBACK, connect_timeout="5s", answer_timeout="5s")
    return Fetcher(settings, clock or SystemClock(), log.get("net"), random.Random(1))


def ground(folder: Path, store: FakeStore, clock: Clock | None = None, **settings: Any) -> Ground:
    """Return what a pull stands on."""
    clock = clock or SystemClock()
    return Ground(
        store=store,
        workers=Inline(),
        tools=fetcher(clock).tools,
        clock=clock,
        rng=random.Random(1),
        log=log.get("agents"),
        settings=SpamtrapSettings(**settings),
        root=folder / "agents",
        inbox=folder / "inbox",
    )


def source(**more: Any) -> AgentSource:
    """Return an agent's settings."""
    values: dict[str, Any] = {"name": "mx1", "every": "1h", "tlp": "clear"}
    if not {"path", "url", "push"} & set(more):
        values["path"] = "/nowhere"
    return AgentSource(**(values | more))


async def no_marks(_manifests: Sequence[Any]) -> None:
    """Mark nothing."""
    await trio.lowlevel.checkpoint()


# --- an origin in memory ----------------------------------------------------------------------------------------------


class Memory:
    """An origin in memory, honest until a test makes it otherwise: `manifests` and `lines` are what it gives."""

    def __init__(self, agent: str = "mx1", view: str = "redacted") -> None:
        self.agent = agent
        self.view = view
        self.manifests: list[bytes] = []
        self.bodies: dict[int, bytes | Exception | None] = {}
        self.listings = 0
        self.last: int | None = None
        self.date: datetime | None = None
        self.told: list[int] = []
        self.asked: list[int] = []
        self.bell: Any = None
        self.closed = False

    def grow(self, raw: bytes, key: Any = sealed.PRIVATE, **more: Any) -> bytes:
        """Seal one version."""
        n = len(self.manifests) + 1
        lines = zstandard.compress(raw)
        previous = protocol.digest(self.manifests[-1]) if self.manifests else None
        values = {"agent": self.agent, "view": self.view, "raw_bytes": len(raw), "records": raw.count(b"\n")} | more
        self.manifests.append(sealed.manifest(n, previous, lines, key, **values))
        self.bodies[n] = lines
        return self.manifests[-1]

    async def listing(self, since: int) -> Listing:
        await trio.lowlevel.checkpoint()
        self.listings += 1
        last = len(self.manifests) if self.last is None else self.last
        return Listing(self.agent, self.view, last, tuple(self.manifests[since : since + MOST_LISTED]), self.date)

    async def lines(self, manifest: Manifest, into: Path) -> Lines | None:
        await trio.lowlevel.checkpoint()
        self.asked.append(manifest.n)
        body = self.bodies[manifest.n]
        if isinstance(body, Exception):
            raise body
        if body is None:
            return None
        if hashlib.sha256(body).hexdigest() != manifest.sha256:
            raise Refusal("hash", "the lines are not those that were sealed", manifest.n)
        return Lines(data=body)

    async def watch(self, told: Any) -> None:
        self.bell = told
        await trio.sleep_forever()

    async def taken(self, upto: int) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append(upto)

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
        self.closed = True
