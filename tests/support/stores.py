"""Stores, clocks and files of changes for the tests of the store."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tipd import log
from tipd.clock import Clock, SystemClock
from tipd.model.finding import Finding, NewFinding
from tipd.model.indicator import Indicator
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF, Kind
from tipd.store.store import Store

START = datetime(2026, 3, 15, 12, tzinfo=UTC)


class HandClock:
    """A wall clock that moves when told."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def move(self, by: timedelta) -> None:
        self.time += by


@asynccontextmanager
async def open_store(dsn: str, clock: Clock | None = None, *, drain_within: float = 5.0) -> AsyncIterator[Store]:
    """Give a store on that database."""
    async with Store.open(
        dsn, clock=clock or SystemClock(), log=log.get("test"), rng=random.Random(1), drain_within=drain_within
    ) as store:
        yield store


def note(number: int, kind: str = "test.noted") -> NewFinding:
    """Return a finding that carries a number."""
    return NewFinding(kind=kind, module="test", data={"n": number})


def numbers(findings: Iterable[Finding]) -> list[int]:
    """Return what `note` put in."""
    return [finding.data["n"] for finding in findings]


async def whole_log(store: Store) -> list[Finding]:
    """Return every finding there is."""
    first, _ = await store.findings.bounds()
    return await store.findings.read(first - 1, limit=1_000_000)


def names(*numbers: int) -> list[Indicator]:
    """Return made-up domains."""
    return [Indicator(Kind.DOMAIN, f"host{number}.example.org") for number in numbers]


def write_opened(
    path: Path,
    seed: int,
    indicators: Sequence[Indicator],
    *,
    context: object = None,
    tlp: int | None = None,
    until: datetime | None = None,
    rows: int = 20_000,
) -> Path:
    """Write the file of what is to be opened, as a worker does; all rows say the same beside their indicators."""
    beside = _columns(context, tlp, until)
    with path.open("wb") as file:
        for start in range(0, len(indicators), rows):
            part = indicators[start : start + rows]
            tuples = b"".join(_tuple(seed, one) + beside for one in part)
            file.write(struct.pack("<II", len(part), len(tuples)) + tuples)
    return path


def _tuple(seed: int, indicator: Indicator) -> bytes:
    value = indicator.value.encode()
    key = key_of(seed, indicator.kind, indicator.value)
    return struct.pack(">hiqihi", 6, 8, key, 2, CODE_OF[indicator.kind], len(value)) + value


def _columns(context: object, tlp: int | None, until: datetime | None) -> bytes:
    null = struct.pack(">i", -1)
    said = b"\x01" + json.dumps(context).encode()
    columns = null if context is None else struct.pack(">i", len(said)) + said
    columns += null if tlp is None else struct.pack(">ih", 2, tlp)
    if until is None:
        return columns + null
    return columns + struct.pack(">iq", 8, (until - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


def write_closed(path: Path, seed: int, indicators: Sequence[Indicator]) -> Path:
    """Write the file of what is to be closed."""
    keys = [key_of(seed, one.kind, one.value) for one in indicators]
    path.write_bytes(struct.pack(f"<{len(keys)}q", *keys))
    return path
