"""One batch of writes: the transaction the writer runs, as often as it takes, until it knows that it was committed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from tipd.store import partitions, telling
from tipd.store.pool import is_away

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from tipd.store.connection import Connection
    from tipd.store.telling import Told

CHANNEL = "tipd_findings"
_LONGEST_NOTE = 7000  # bytes; PostgreSQL takes 8000

# "tipd" in ASCII: one lock for all writers of one database, freed by the transaction's end whatever happens.
_LOCK = "SELECT pg_advisory_xact_lock(1953067108)"
_DONE = "SELECT number >= $2 FROM batch WHERE writer = $1"
_NOTE_DONE = """
INSERT INTO batch (writer, number, at) VALUES ($1, $2, $3)
    ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at
"""


_FORGET = "DELETE FROM batch WHERE at < $1"


async def forget_writers(connection: Connection, before: datetime) -> None:
    """Forget the writers that have not committed since: each start of a process leaves one. Asyncio-flavoured."""
    await connection.execute(_FORGET, before)


@dataclass(frozen=True, slots=True)
class Written[T]:
    """What a write that inserts findings by its own SQL returns, so that readers are woken: result, last seq, kinds."""

    result: T
    last_seq: int
    kinds: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Request:
    """One caller's write: `work` (or None), then `rows`, in one piece; `done` is set when result or error is there."""

    work: Callable[[Connection], Coroutine[Any, Any, Any]] | None
    rows: Sequence[Told]
    alone: bool
    done: trio.Event = field(default_factory=trio.Event)
    dropped: bool = False
    result: Any = None
    seqs: list[int] = field(default_factory=list)
    error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """End it with an error."""
        self.error = error
        self.done.set()


@dataclass(slots=True)
class Known:
    """What committed transactions have shown to exist, so that it need not be asked again."""

    source_ids: dict[str, int] = field(default_factory=dict)
    months: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Know nothing."""
        self.source_ids.clear()
        self.months.clear()

    def learn(self, more: Known) -> None:
        """Add what another has learned."""
        self.source_ids.update(more.source_ids)
        self.months.update(more.months)


@dataclass(slots=True)
class _Reached:
    """What an attempt has done when it comes to its commit."""

    answers: list[tuple[Any, list[int], BaseException | None]] = field(default_factory=list)
    last_seq: int = 0
    kinds: set[str] = field(default_factory=set)
    known: Known = field(default_factory=Known)


class Batch:
    """Requests committed together under one idempotency key: this writer's id and the batch's number."""

    def __init__(self, writer: uuid.UUID, number: int, requests: Sequence[Request], at: datetime, known: Known) -> None:
        self.requests = requests
        self.apart = False  # each in a savepoint of its own, so that a bad one fails alone
        self._writer = writer
        self._number = number
        self._at = at
        self._known = known
        self._tried = False
        self._reached = _Reached()

    async def commit(self, connection: Connection) -> None:
        """Run the transaction (asyncio-flavoured); after an attempt whose fate is unknown, ask first.

        Holding the lock means that no earlier attempt is still under way: it was committed, or it never will be.
        """
        async with connection.transaction():
            await connection.execute(_LOCK)
            if self._tried and await connection.fetchval(_DONE, self._writer, self._number):
                return
            self._tried = True
            reached = _Reached()
            await connection.execute(_NOTE_DONE, self._writer, self._number, self._at)
            await (self._work_apart if self.apart else self._work_together)(connection, reached)
            if reached.last_seq:
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, self._note(reached))
            self._reached = reached

    def answer(self) -> tuple[int, frozenset[str], Known]:
        """Give each request its result, now that the commit is known; return last seq, kinds, what was learned."""
        for request, (result, seqs, error) in zip(self.requests, self._reached.answers, strict=True):
            request.result, request.seqs, request.error = result, seqs, error
            request.done.set()
        return self._reached.last_seq, frozenset(self._reached.kinds), self._reached.known

    async def _work_together(self, connection: Connection, reached: _Reached) -> None:
        results = [await self._work(connection, request, reached) for request in self.requests]
        rows = [row for request in self.requests for row in request.rows]
        seqs = iter(await self._tell(connection, rows, reached))
        for request, result in zip(self.requests, results, strict=True):
            reached.answers.append((result, [next(seqs) for _ in request.rows], None))

    async def _work_apart(self, connection: Connection, reached: _Reached) -> None:
        for request in self.requests:
            part = _Reached()
            try:
                async with connection.transaction():
                    result = await self._work(connection, request, part)
                    seqs = await self._tell(connection, request.rows, part)
            except Exception as error:
                if is_away(error) or connection.is_closed():
                    raise
                reached.answers.append((None, [], error))
                continue
            reached.answers.append((result, seqs, None))
            reached.last_seq = max(reached.last_seq, part.last_seq)
            reached.kinds |= part.kinds
            reached.known.learn(part.known)

    async def _work(self, connection: Connection, request: Request, reached: _Reached) -> Any:
        if request.work is None:
            return None
        result = await request.work(connection)
        if isinstance(result, Written):
            reached.last_seq = max(reached.last_seq, result.last_seq)
            reached.kinds |= result.kinds
            return result.result
        return result

    async def _tell(self, connection: Connection, rows: Sequence[Told], reached: _Reached) -> list[int]:
        if not rows:
            return []
        month = partitions.month_of(self._at)
        if month not in self._known.months:
            await partitions.ensure(connection, self._at)
            reached.known.months.add(month)
        ids = self._known.source_ids
        if missing := {row.source for row in rows if row.source is not None and row.source not in ids}:
            ids = ids | await telling.source_ids(connection, missing)
            reached.known.source_ids.update(ids)
        seqs = await telling.insert(connection, rows, self._at, ids)
        reached.last_seq = seqs[-1]
        reached.kinds.update(row.kind for row in rows)
        return seqs

    def _note(self, reached: _Reached) -> str:
        note = f"{self._writer.hex} {reached.last_seq} {','.join(sorted(reached.kinds))}"
        return note if len(note) < _LONGEST_NOTE else f"{self._writer.hex} {reached.last_seq} "
