"""Intervals against a model: whatever is opened, closed, opened again or applied twice, the database says the same."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stores import HandClock, names, open_store, whole_log, write_closed, write_opened

from tipd.model.key import unsigned_key_of
from tipd.store.sources import Declared
from tipd.store.store import Store

NUMBERS = st.lists(st.integers(0, 7), max_size=6)
STEP = st.tuples(NUMBERS, NUMBERS, st.booleans())


@dataclass
class Model:
    """What should be there: open names, and every change in order."""

    open: set[int] = field(default_factory=set)
    told: list[tuple[str, str]] = field(default_factory=list)
    intervals: int = 0

    def apply(self, opened: list[int], closed: list[int]) -> tuple[int, int]:
        fresh = set(opened) - self.open
        self.open |= fresh
        gone = set(closed) & self.open
        self.open -= gone
        self.intervals += len(fresh)
        self.told += [("indicator.listed", one.value) for one in names(*fresh)]
        self.told += [("indicator.delisted", one.value) for one in names(*gone)]
        return len(fresh), len(gone)


async def play(dsn: str, steps: list[tuple[list[int], list[int], bool]]) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        since = await store.findings.last_seq()
        source = f"s{since}"
        ids = {row.name: row.id for row in await store.sources.declare("blacklist", {source: Declared()})}
        model = Model()
        with tempfile.TemporaryDirectory() as folder:
            for opened, closed, twice in steps:
                clock.move(timedelta(minutes=5))
                await step(store, ids[source], model, Path(folder), opened, closed, twice=twice)
        assert await intervals(store, ids[source]) == (len(model.open), model.intervals)
        log = [finding for finding in await whole_log(store) if finding.seq > since]
        assert sorted(told_by(log)) == sorted(model.told)
        assert [kind for kind, _ in told_by(log)] == [kind for kind, _ in model.told]


async def step(
    store: Store, source_id: int, model: Model, folder: Path, opened: list[int], closed: list[int], *, twice: bool
) -> None:
    seed = store.hash_seed
    round_id = await store.rounds.begin(source_id)
    files = (
        write_opened(folder / "opened", seed, names(*opened), rows=3),
        write_closed(folder / "closed", seed, names(*closed)),
    )
    assert await store.rounds.apply(round_id, source_id, *files) == model.apply(opened, closed)
    if twice:  # a file may be applied again after a crash
        assert await store.rounds.apply(round_id, source_id, *files) == model.apply(opened, closed)
    path = folder / "keys"
    assert await store.sightings.open_keys(source_id, path) == len(model.open)
    wanted = sorted(unsigned_key_of(seed, one.kind, one.value) for one in names(*model.open))
    assert np.fromfile(path, "<u8").tolist() == wanted
    (row,) = [row for row in await store.sources.all() if row.id == source_id]
    assert row.entries == len(model.open)


def told_by(log: list) -> list[tuple[str, str]]:
    return [(finding.kind, finding.subject.value) for finding in log]


async def intervals(store: Store, source_id: int) -> tuple[int, int]:
    """Return how many intervals are open, and how many there are; none may overlap another or end before it began."""

    async def look(connection) -> tuple[int, int]:
        rows = await connection.fetch(
            "SELECT value, opened, closed, reason, closed_round FROM sighting WHERE source_id = $1"
            " ORDER BY value, opened",
            source_id,
        )
        for row in rows:
            assert (row["closed"] is None) == (row["reason"] is None) == (row["closed_round"] is None)
            assert row["closed"] is None or row["closed"] >= row["opened"]
        for one, after in itertools.pairwise(rows):
            assert one["value"] != after["value"] or (one["closed"] is not None and one["closed"] <= after["opened"])
        return sum(row["closed"] is None for row in rows), len(rows)

    return await store.pool.run(look)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=6))
def test_intervals_are_as_the_model_says(dsn: str, steps: list[tuple[list[int], list[int], bool]]) -> None:
    trio.run(play, dsn, steps)
