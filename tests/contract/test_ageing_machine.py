"""Lists that come, go, fail and age, in any order, against a model: the same intervals, for the same reasons."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stores import HandClock, names, open_store, whole_log, write_closed, write_opened

from tipd.model.key import unsigned_key_of
from tipd.model.kind import Kind
from tipd.store.ageing import Policy
from tipd.store.sources import Declared, Outcome
from tipd.store.store import Store

HOUR = timedelta(hours=1)
SPAN = 5 * HOUR
BODY = st.frozensets(st.integers(0, 5), max_size=5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("poll"), BODY, st.booleans()),
        st.tuples(st.just("fail")),
        st.tuples(st.just("wait"), st.integers(1, 4)),
        st.tuples(st.just("sweep")),
        st.tuples(st.just("gone")),
    ),
    min_size=1,
    max_size=14,
)


@dataclass
class Model:
    """What should be there; `open`: number → (first seen, when it vanished); `aged`: those that aged where they are."""

    recent: bool
    first: bool
    open: dict[int, tuple[datetime, datetime | None]] = field(default_factory=dict)
    aged: set[int] = field(default_factory=set)
    body: frozenset[int] = frozenset()
    read: datetime | None = None
    fails: bool = False
    told: list[tuple[int, str]] = field(default_factory=list)

    def poll(self, body: frozenset[int], now: datetime) -> None:
        for number in body:
            if number in self.open:
                self.open[number] = self.open[number][0], None
            elif number not in self.aged:
                self.open[number] = now, None
                self.told.append((number, "listed"))
        self.aged &= body
        for number, (opened, seen) in [*self.open.items()]:
            if number not in body and not self.recent:
                self.end(number, "left")
            elif number not in body and seen is None:
                self.open[number] = opened, max(opened, self.read or now)
        self.read, self.fails = now, False

    def sweep(self, now: datetime) -> None:
        for number, (opened, seen) in [*self.open.items()]:
            if self.first and opened + SPAN <= now:
                self.end(number, "aged")
                self.aged |= {number} if seen is None else set()
            if self.first or not self.recent:
                continue
            dead = self.fails and self.read is not None and self.read + SPAN <= now
            if (seen is not None and seen + SPAN <= now) or (seen is None and dead):
                self.end(number, "aged")

    def gone(self) -> None:
        for number in [*self.open]:
            self.end(number, "source_gone")
        self.aged.clear()

    def end(self, number: int, reason: str) -> None:
        del self.open[number]
        self.told.append((number, reason))

    @property
    def stood(self) -> set[int]:
        """What the last body had, as far as the database knows."""
        return {number for number, (_, seen) in self.open.items() if seen is None} | self.aged


class List:
    """The same list in the store, collected as a collector does it: by difference, with a snapshot or without."""

    def __init__(self, store: Store, source_id: int, folder: Path, policy: Policy) -> None:
        self.store, self.id, self.folder, self.policy = store, source_id, folder, policy
        self.snapshot: tuple[int, frozenset[int]] | None = None  # round and what its body had

    async def row(self):
        return next(row for row in await self.store.sources.all() if row.id == self.id)

    async def poll(self, body: frozenset[int], now: datetime, *, lose: bool, recent: bool) -> None:
        row = await self.row()
        if self.snapshot and self.snapshot[0] == row.last_round and not lose:
            before = self.snapshot[1]
            wanted = body - before
        else:  # nobody knows what stands beside the open ones, so all of them are written
            before, wanted = await self.stood(), body
        round_id = await self.store.rounds.begin(self.id, started=now)
        seed = self.store.hash_seed
        await self.store.rounds.apply(
            round_id,
            self.id,
            write_opened(self.folder / "o", seed, names(*sorted(wanted)), rows=2),
            write_closed(self.folder / "c", seed, names(*sorted(before - body))),
            at=now,
            vanished=(row.last_success or now) if recent else None,
        )
        outcome = Outcome(state="ok", at=now, due=now, confirmed=True, last_round=round_id, moves=row.moves)
        await self.store.sources.settle(self.id, outcome)
        self.snapshot = round_id, body

    async def stood(self) -> frozenset[int]:
        await self.store.sightings.open_keys(self.id, self.folder / "k")
        keys = set(np.fromfile(self.folder / "k", "<u8").tolist())
        seed = self.store.hash_seed
        return frozenset(
            number for number, one in enumerate(names(*range(6))) if unsigned_key_of(seed, one.kind, one.value) in keys
        )

    async def fail(self, now: datetime) -> None:
        row = await self.row()
        await self.store.sources.settle(self.id, Outcome(state="gone", at=now, due=now, failures=row.failures + 1))

    async def gone(self, now: datetime) -> None:
        round_id = await self.store.rounds.begin(self.id, started=now)
        await self.store.rounds.close_all(round_id, self.id, reason="source_gone", at=now)


async def play(dsn: str, steps: list[tuple], recent: bool, first: bool) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        since = await store.findings.last_seq()
        rows = await store.sources.declare("blacklist", {f"s{since}-{len(steps)}": Declared()})
        source_id = next(row.id for row in rows if row.declared)
        model = Model(recent, first)
        spans = {Kind.DOMAIN: SPAN} if first or recent else {}
        policy = Policy(source_id=source_id, spans=spans, first=first, whole=not recent)
        with tempfile.TemporaryDirectory() as folder:
            listed = List(store, source_id, Path(folder), policy)
            for step in steps:
                await one_step(store, clock, listed, model, step)
                assert await listed.stood() == model.stood
                assert await open_now(store, source_id) == {
                    names(number)[0].value: seen for number, (_, seen) in model.open.items()
                }
                assert (await listed.row()).entries == len(model.open)
        log = [finding for finding in await whole_log(store) if finding.seq > since]
        told = [(finding.subject.value, finding.data.get("reason", "listed")) for finding in log]
        assert sorted(told) == sorted((names(number)[0].value, what) for number, what in model.told)


async def one_step(store: Store, clock: HandClock, listed: List, model: Model, step: tuple) -> None:
    match step:
        case ("poll", body, lose):
            await listed.poll(body, clock.now(), lose=lose, recent=model.recent)
            model.poll(body, clock.now())
        case ("fail",):
            await listed.fail(clock.now())
            model.fails = True
            model.read = model.read or clock.now()
        case ("wait", hours):
            clock.move(hours * HOUR)
        case ("sweep",):
            await store.ageing.sweep(listed.policy, clock.now())
            model.sweep(clock.now())
        case ("gone",):
            await listed.gone(clock.now())
            model.gone()


async def open_now(store: Store, source_id: int) -> dict[str, datetime | None]:
    async def look(connection):
        rows = await connection.fetch(
            "SELECT value, seen, opened FROM sighting WHERE source_id = $1 AND closed IS NULL", source_id
        )
        return {row["value"]: row["seen"] for row in rows}

    return await store.pool.run(look)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, recent=st.booleans(), first=st.booleans())
def test_lists_age_as_the_model_says(dsn: str, steps: list[tuple], recent: bool, first: bool) -> None:
    trio.run(play, dsn, steps, recent, first)


def test_the_model_is_one_of_lists_that_age(dsn: str) -> None:
    """What chance may not find: aged where it stands, still there, left, back; with a list that fails in between."""
    body = frozenset({1, 2})
    steps = [
        ("poll", body, False),
        *[("wait", 4), ("fail",), ("wait", 2), ("sweep",)],
        *[("poll", body, True), ("poll", frozenset({2}), False), ("wait", 1), ("poll", body, True), ("sweep",)],
        *[("gone",), ("poll", body, False)],
    ]
    for recent in (True, False):
        for first in (True, False):
            trio.run(play, dsn, steps, recent, first)
