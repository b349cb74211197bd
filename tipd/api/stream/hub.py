"""The hub: woken by commits, it reads the findings log once and delivers to every live reader.

Nobody waits for a reader: one that lags is cut with 1013 and resumes from its cursor. A reader that resumes reads the
log at its own pace (`replay.py`) and joins the live ones when it has come to the hub's position, in one step without
a pause in between, so there is neither a hole nor a repetition.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import trio

from tipd.api.stream.frames import Close
from tipd.api.stream.message import Batch, findings_message, gap_message
from tipd.errors import GoneError, StoreAway
from tipd.nursery.health import Fill

if TYPE_CHECKING:
    from collections.abc import Collection

    from tipd.api.services import Findings, Store
    from tipd.api.settings import Limits
    from tipd.api.stream.reader import Reader
    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.annotate import Annotations

PAGE = 500  # findings a message, at most
_POLL = 2.0  # seconds: a notification is a hint and may be lost; the log is the truth
_RETRY = 1.0  # seconds between attempts while the store is away
_TURN = 200  # deliveries between two checkpoints: about a millisecond


class Hub:
    """All live readers of one process."""

    def __init__(self, store: Store, limits: Limits, clock: Clock, log: Log, annotations: Annotations) -> None:
        """Read the store's findings, annotate them; `limits` bounds readers and says how often to ping."""
        self.position = -1  # every finding up to here was delivered to who was live; -1: the log was not looked at yet
        self.counts: Counter[str] = Counter()  # messages, cut, joined: for the metrics
        self.closed = False
        self._store = store
        self._findings: Findings = store.findings
        self._store_id = store.store_id
        self._limits = limits
        self._annotations = annotations
        self._clock = clock
        self._log = log
        self._all: dict[Reader, None] = {}
        self._live: dict[Reader, None] = {}
        self._wake = trio.Event()
        self._moved = trio.Event()

    @property
    def readers(self) -> int:
        """How many readers there are, those that still read the log too."""
        return len(self._all)

    @property
    def live(self) -> int:
        """How many readers get what is committed at once."""
        return len(self._live)

    @property
    def fill(self) -> Fill:
        """How full it is for its slowest reader, in bytes."""
        return Fill(
            kind="stream",
            size=self._limits.reader_backlog,
            used=max((reader.waiting_bytes for reader in self._all), default=0),
            readers=len(self._all),
            cut=self.counts["cut"],
        )

    def enter(self, reader: Reader) -> bool:
        """Take in a reader, not live yet; False where there are too many or the hub has closed."""
        if self.closed or len(self._all) >= self._limits.max_readers:
            return False
        self._all[reader] = None
        return True

    def wake(self, _last_seq: int = 0, _kinds: Collection[str] = ()) -> None:
        """Look at the log soon: something was committed. Never waits."""
        self._wake.set()

    def join(self, reader: Reader) -> bool:
        """Make a reader live, if it has been told everything up to the hub's position; else it reads on."""
        if self.closed or reader not in self._all or reader.position < self.position:
            return False
        self._live[reader] = None
        self.counts["joined"] += 1
        return True

    def leave(self, reader: Reader) -> None:
        """Forget a reader; harmless when repeated."""
        self._all.pop(reader, None)
        self._live.pop(reader, None)

    async def reached(self, position: int) -> None:
        """Wait until the hub has come to a position of the log."""
        while self.position < position and not self.closed:
            self.wake()
            await self._moved.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Deliver until cancelled. While the store is away readers are kept and told nothing."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tend)
            task_status.started()
            while True:
                try:
                    more = await self._advance()
                except StoreAway:
                    await trio.sleep(_RETRY)
                    continue
                if not more:
                    with trio.move_on_after(_POLL):
                        await self._wake.wait()
                self._wake = trio.Event()

    async def deliver(self, batch: Batch) -> None:
        """Deliver one batch to every live reader, with a checkpoint now and then."""
        self.position = max(self.position, batch.last)
        for number, reader in enumerate(list(self._live), 1):
            message = batch.for_choice(reader.choice)
            if message is not None:
                reader.position = batch.last
                if not reader.deliver(message):
                    self.cut(reader, Close.TRY_AGAIN_LATER, "the reader lags: resume from your cursor")
            if number % _TURN == 0:
                await trio.lowlevel.checkpoint()
        self.counts["messages"] += 1
        self._announce()

    def cut(self, reader: Reader, code: Close, reason: str) -> None:
        """End one reader."""
        self.leave(reader)
        self.counts["cut"] += code == Close.TRY_AGAIN_LATER
        reader.cut(code, reason)

    def cut_token(self, token_id: str) -> None:
        """End the readers that came with a token which was revoked."""
        for reader in [reader for reader in self._all if reader.caller.token_id == token_id]:
            self.cut(reader, Close.POLICY, "the token was revoked")

    def close(self, reason: str = "tipd restarts: resume from your cursor") -> None:
        """End every reader with 1012 and take no more."""
        self.closed = True
        self._cut_all(Close.RESTART, reason)
        self._announce()

    def _announce(self) -> None:
        self._moved.set()
        self._moved = trio.Event()

    async def _advance(self) -> bool:
        """Move on by one page; return whether there may be more."""
        if self._store.store_id != self._store_id:
            await self._begin_anew()
        if not self._live:
            last = await self._findings.last_seq()
            # Somebody may have joined meanwhile at the old position: for them the log is read.
            if not self._live:
                self.position = max(self.position, last)
                self._announce()
                return False
        try:
            page = await self._findings.read(self.position, limit=PAGE)
        except GoneError as gone:
            return self._start_over(gone)
        if page:
            await self.deliver(Batch(self._annotations.annotated(page), page[-1].seq))
        else:
            self._announce()
        return len(page) >= PAGE

    async def _begin_anew(self) -> None:
        """The database was exchanged for another: no cursor means anything any more."""
        last = await self._findings.last_seq()
        self._store_id = self._store.store_id
        self._cut_all(Close.RESTART, "the log of findings began anew")
        self.position = last

    def _cut_all(self, code: Close, reason: str) -> None:
        for reader in list(self._all):
            self.cut(reader, code, reason)

    def _start_over(self, gone: GoneError) -> bool:
        """Go on where the log does: retention passed us, or (the position lies ahead) the log began anew."""
        if self.position > gone.last:
            self._cut_all(Close.RESTART, "the log of findings began anew")
            self.position = gone.last
        else:
            self.position = gone.first - 1
            for reader in list(self._live):
                reader.position = self.position
                reader.deliver(gap_message(self.position))
        self._announce()
        return True

    async def _tend(self) -> None:
        """Ping readers; cut those that answer nothing or whose bytes do not move, and those whose token ended."""
        step = min(self._limits.reader_stall, self._limits.ping_every) / 2
        next_ping = trio.current_time() + self._limits.ping_every
        while True:
            await trio.sleep(step)
            self._cut_stalled(trio.current_time() - self._limits.reader_stall)
            await self._cut_revoked()
            if trio.current_time() >= next_ping:
                next_ping = trio.current_time() + self._limits.ping_every
                self._ping_all()

    def _cut_stalled(self, before: float) -> None:
        for reader in [reader for reader in self._all if (reader.waiting_since or before) < before]:
            self.cut(reader, Close.TRY_AGAIN_LATER, "the reader stalls: resume from your cursor")

    async def _cut_revoked(self) -> None:
        """End the readers whose token another process has revoked."""
        if self._all:
            for token_id in await self._store.tokens.revoked():
                self.cut_token(token_id)

    def _ping_all(self) -> None:
        now = self._clock.now()
        for reader in list(self._all):
            if reader.caller.expires is not None and reader.caller.expires <= now:
                self.cut(reader, Close.POLICY, "the token has expired")
            elif reader.quiet:
                self.cut(reader, Close.TRY_AGAIN_LATER, "no answer to a ping")
            else:
                self._keep_current(reader)
                reader.quiet = True
                reader.ping()

    def _keep_current(self, reader: Reader) -> None:
        """Tell a reader of rare findings how far the log has come, so that its cursor stays above retention."""
        if reader in self._live and reader.position < self.position and reader.waiting_since is None:
            reader.position = self.position
            reader.deliver(findings_message((), self.position))
