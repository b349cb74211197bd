"""The single writer: every durable change of this process goes through its one task.

Small writes that wait are committed together; big ones (`alone`) have a transaction of their own, and the two take
turns. Each transaction takes the writers' advisory lock first, so `seq` grows in commit order also with several
processes on one database. A commit whose answer was lost is unknown: the batch is looked up by its idempotency key
and, where it is not there, run again. So the functions given to `write` may run more than once.

Error handling: while the store is away the writer waits, and with it its callers. A write that is itself at fault
fails alone, with its own error. What cannot be decided (no answer three times from a database that answers others,
or the end of the daemon) is `CommitUnknown`; `StoreAway` means that nothing was written.

Resource handling: `Writer.open` owns the task. Leaving it takes no new writes and commits those that wait, within
`drain_within` seconds. Cancelling a caller takes its write back if it has not begun, and has no effect on it after.
"""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, overload

import trio

from tipd.errors import CommitUnknown, StoreAway
from tipd.nursery.backoff import Backoff
from tipd.nursery.health import Fill
from tipd.store.batch import CHANNEL, Batch, Known, Request
from tipd.store.groups import unwrapped
from tipd.store.pool import NoAnswer, Undone
from tipd.store.telling import told

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.finding import NewFinding
    from tipd.store.batch import Written
    from tipd.store.pool import Pool

MOST_TOLD = 2000  # findings a statement: making one of 20,000 blocks the loop for over 100 ms
MOST_TOGETHER = 256
MOST_WAITING = 1024
DRAIN_WHILE_AWAY = 0.5  # seconds: what cannot be written now is not waited for at the end
COMMIT_WITHIN = 60.0  # seconds
UNANSWERED = 3

type OnCommit = Callable[[int, frozenset[str]], None]


class Writer:
    """`write` and `tell`; `subscribe` to be woken after commits, of other processes too."""

    def __init__(
        self, pool: Pool, *, clock: Clock, log: Log, rng: random.Random, hash_seed: int, commit_within: float
    ) -> None:
        """Use `Writer.open`."""
        self.batches = 0
        self.last_seq = 0  # of this process's own commits
        self._id = uuid.uuid4()  # not from `rng`: two processes with one seed must differ
        self._pool = pool
        self._clock = clock
        self._log = log
        self._rng = rng
        self._seed = hash_seed
        self._known = Known()
        self._commit_within = commit_within
        self._small: deque[Request] = deque()
        self._big: deque[Request] = deque()
        self._begun: list[Request] = []
        self._wake = trio.Event()
        self._room = trio.Semaphore(MOST_WAITING)
        self._closed = False
        self._scope = trio.CancelScope(shield=True)
        self._subscribers: list[OnCommit] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        pool: Pool,
        *,
        clock: Clock,
        log: Log,
        rng: random.Random,
        hash_seed: int,
        commit_within: float = COMMIT_WITHIN,
        drain_within: float = 5.0,
    ) -> AsyncIterator[Writer]:
        """Give a writer whose task runs."""
        writer = cls(pool, clock=clock, log=log, rng=rng, hash_seed=hash_seed, commit_within=commit_within)
        pool.listen(CHANNEL, writer._heard)
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(writer._run)
                try:
                    yield writer
                finally:
                    writer._close(drain_within)

    @property
    def waiting(self) -> int:
        """Return how many writes wait, those being committed included."""
        return len(self._begun) + len(self._small) + len(self._big)

    @property
    def fill(self) -> Fill:
        """Return how full the queue is; whoever comes when it is full waits."""
        return Fill(kind="feed", size=MOST_WAITING, used=self.waiting)

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed
        self._known.forget()

    def subscribe(self, on_commit: OnCommit) -> Callable[[], None]:
        """Call `on_commit(last_seq, kinds)` after each commit of findings, by whichever process; return how to end it.

        It must not block and is a hint: the log is the truth. No kinds means any kind; last_seq 0, any number of them.
        """
        self._subscribers.append(on_commit)
        return lambda: self._subscribers.remove(on_commit)

    async def tell(self, findings: Sequence[NewFinding]) -> list[int]:
        """Commit findings and return their seqs; over 2,000 are committed in several transactions.

        Raises ValueError for a source that is not declared or a kind that is no word, TypeError for data without a
        JSON form, and as the module says.
        """
        seqs: list[int] = []
        for part in itertools.batched(findings, MOST_TOLD, strict=False):
            rows = [told(finding, self._seed) for finding in part]
            seqs += (await self._do(Request(None, rows, alone=False))).seqs
        return seqs

    @overload
    async def write[T](
        self,
        work: Callable[..., Coroutine[Any, Any, Written[T]]],
        *args: Any,
        findings: Sequence[NewFinding] = (),
        alone: bool = False,
    ) -> T: ...

    @overload
    async def write[T](
        self,
        work: Callable[..., Coroutine[Any, Any, T]],
        *args: Any,
        findings: Sequence[NewFinding] = (),
        alone: bool = False,
    ) -> T: ...

    async def write(
        self,
        work: Callable[..., Coroutine[Any, Any, Any]],
        *args: Any,
        findings: Sequence[NewFinding] = (),
        alone: bool = False,
    ) -> Any:
        """Commit `await work(connection, *args)`, then the findings, in one transaction; return the work's result.

        `alone`: in a transaction of its own, for over about a thousand rows; at most 20,000 (not checked: a million
        held the writers' lock for 13 s). A `Written`
        that the work returns tells of findings it inserted by itself; its inner result is returned.
        """
        rows = [told(finding, self._seed) for finding in findings]
        request = Request(lambda connection: work(connection, *args), rows, alone)
        return (await self._do(request)).result

    async def _do(self, request: Request) -> Request:
        async with self._room:
            if self._closed:
                raise StoreAway("the writer is closed: tipd is stopping")
            (self._big if request.alone else self._small).append(request)
            self._wake.set()
            try:
                await request.done.wait()
            except trio.Cancelled:
                request.dropped = True
                raise
        if request.error is not None:
            raise request.error
        return request

    # --- the task ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Commit until closed and empty. Shielded: only `_close` sets it an end."""
        try:
            with self._scope:
                while True:
                    for take in (self._take_small, self._take_big):
                        self._begun = take()
                        if self._begun:
                            await self._commit(self._begun)
                    self._begun = []
                    if not self.waiting:
                        if self._closed:
                            return
                        self._wake = trio.Event()
                        await self._wake.wait()
        finally:
            self._closed = True
            self._give_up(self._begun)

    def _close(self, drain_within: float) -> None:
        self._closed = True
        within = drain_within if self._pool.available else min(drain_within, DRAIN_WHILE_AWAY)
        self._scope.deadline = trio.current_time() + within
        self._wake.set()

    def _give_up(self, begun: list[Request]) -> None:
        for request in begun:
            if not request.done.is_set():
                request.fail(CommitUnknown("tipd stopped before the database answered"))
        for request in (*self._small, *self._big):
            request.fail(StoreAway("tipd stopped before the database could be written to"))

    def _take_small(self) -> list[Request]:
        group: list[Request] = []
        rows = 0
        while self._small and len(group) < MOST_TOGETHER:
            rows += len(self._small[0].rows)
            if group and rows > MOST_TOLD:
                break
            request = self._small.popleft()
            if not request.dropped:
                group.append(request)
        return group

    def _take_big(self) -> list[Request]:
        while self._big:
            request = self._big.popleft()
            if not request.dropped:
                return [request]
        return []

    async def _commit(self, group: list[Request]) -> None:
        """Run the group's transaction until its fate is known, or nothing more can be done."""
        self.batches += 1
        batch = Batch(self._id, self.batches, group, self._clock.now(), self._known)
        backoff = Backoff(0.05, 2.0, self._rng)
        unanswered = 0
        while True:
            await self._pool.wait_available()
            try:
                await self._pool.write(self._commit_within, batch.commit)
            except (StoreAway, Undone) as error:
                self._log.warning("a commit is repeated", batch=self.batches, error=str(error))
                unanswered += isinstance(error, NoAnswer)
                if unanswered >= UNANSWERED:
                    return self._fail(group, CommitUnknown(str(error)))
                await trio.sleep(backoff.next())
            except Exception as error:
                if len(group) == 1:
                    return self._fail(group, error)
                if batch.apart:
                    raise
                batch.apart = True
            else:
                return self._publish(batch)

    def _fail(self, group: list[Request], error: Exception) -> None:
        for request in group:
            request.fail(error)

    def _publish(self, batch: Batch) -> None:
        last_seq, kinds, known = batch.answer()
        self._known.learn(known)
        if last_seq:
            self.last_seq = last_seq
            self._wake_subscribers(last_seq, kinds)

    def _wake_subscribers(self, last_seq: int, kinds: frozenset[str]) -> None:
        for on_commit in tuple(self._subscribers):
            try:
                on_commit(last_seq, kinds)
            except Exception:  # a reader's fault must not stop the writer
                self._log.exception("a subscriber failed")

    def _heard(self, note: str | None) -> None:
        """Pass on what another process has committed; a note that is none of ours means: look for yourself."""
        writer, _, rest = (note or "").partition(" ")
        if writer == self._id.hex:
            return
        last_seq, _, kinds = rest.partition(" ")
        known = last_seq.isascii() and last_seq.isdigit()
        self._wake_subscribers(
            int(last_seq) if known else 0, frozenset(kinds.split(",")) if known and kinds else frozenset()
        )
