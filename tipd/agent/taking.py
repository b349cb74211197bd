"""From names in a folder to mails in the ledger: what is known is left, the rest is read and kept."""

from __future__ import annotations

import fnmatch
from collections import Counter
from typing import TYPE_CHECKING

import trio

from tipd.agent import maildir
from tipd.agent.ledger import Added, Ledger
from tipd.agent.readers import Reader
from tipd.agent.reading import Entry, Outcome, Setup
from tipd.config import duration, size
from tipd.errors import WorkerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tipd.agent.budget import Budget
    from tipd.agent.ledger import Position
    from tipd.agent.maildir import Box
    from tipd.agent.settings import AgentConfig
    from tipd.clock import Clock
    from tipd.log import Log

TOGETHER = 64  # mails that are read, and kept, at once


class Taking:
    """Reads mails within a budget and keeps what was read. One caller at a time."""

    def __init__(
        self,
        config: AgentConfig,
        keys: Mapping[str, bytes],
        *,
        ledger: Ledger,
        budget: Budget,
        clock: Clock,
        log: Log,
    ) -> None:
        """`keys`: the HMAC keys of the views that are sealed."""
        self.counts: Counter[str] = Counter()  # read, new, gone, refused, failed
        self.refused: Counter[str] = Counter()  # by what stood there
        self.limiter = trio.CapacityLimiter(1)  # of threads in the ledger
        self._config = config
        self._ledger = ledger
        self._budget = budget
        self._clock = clock
        self._log = log
        self._delays = {name: duration(config.views[name].delay).total_seconds() for name in keys}
        setup = Setup(
            own=tuple(str(network) for network in config.agent.own),
            authserv_id=config.agent.authserv_id,
            trap_domains=config.agent.trap_domains,
            views={name: config.views[name] for name in keys},
            keys=dict(keys),
        )
        self._readers = [Reader(setup, size(config.agent.memory)) for _ in range(config.agent.workers)]

    async def replaces(self, other: Taking) -> None:
        """Count on from one that reads for other views, and end it."""
        self.counts, self.refused = other.counts, other.refused
        await other.close()

    @property
    def killed(self) -> int:
        """How often a mail cost a reading process."""
        return sum(reader.killed for reader in self._readers)

    def views_of(self, box: Box) -> tuple[str, ...]:
        """Return the views that get what lies in a maildir."""
        shown = self._config.views
        path = str(box.path)
        return tuple(
            name
            for name in self._delays
            if not shown[name].maildirs or any(fnmatch.fnmatchcase(path, each) for each in shown[name].maildirs)
        )

    async def names(self, box: Box, folder: bytes, names: Sequence[bytes]) -> bool:
        """Take the mails of some names, in this order; return whether none is to be tried again later.

        Raises WorkerFailed, sqlite3.Error: then those that were kept are kept, and the rest is to be tried again.
        """
        names = [name for name in names if not name.startswith(b".")]  # maildir(5): these are no mails
        by_key = {maildir.unique(name): name for name in reversed(names)}
        known = await trio.to_thread.run_sync(
            self._ledger.known, bytes_of(box), folder, list(by_key), limiter=self.limiter
        )
        views = self.views_of(box)
        settings = box.settings
        entries = [
            Entry(folder=folder, name=name, trap=settings.trap, recipients=settings.recipients, views=views)
            for name in names
            if (key := maildir.unique(name)) not in known and by_key[key] == name
        ]
        return await self.entries(box, entries)

    async def entries(
        self,
        box: Box,
        entries: Sequence[Entry],
        position: Position | None = None,
        still: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Take some mails; an mbox file's new position is kept with the last of them, if all could be read.

        `still` says whether what was read stood where it was looked for; where it did not, it is not kept. As `names`
        otherwise.
        """
        settled = True
        chunks = [entries[at : at + TOGETHER] for at in range(0, len(entries), TOGETHER)]
        size_ = len(self._readers)
        for at in range(0, len(chunks), size_):
            found = await self._read(chunks[at : at + size_])
            if not await trio.to_thread.run_sync(still, limiter=self.limiter):
                return False
            settled &= await self._keep(box, [pair for pairs in found for pair in pairs], None)
        if position is not None and settled:
            await self._keep(box, [], position)
        return settled

    async def _read(self, chunks: Sequence[Sequence[Entry]]) -> list[list[tuple[Entry, Outcome]]]:
        found: list[list[tuple[Entry, Outcome]]] = [[] for _ in chunks]
        faults: list[WorkerFailed] = []

        async def one(at: int) -> None:
            try:
                outcomes = await self._readers[at].read(chunks[at])
            except WorkerFailed as error:
                faults.append(error)
                return
            found[at] = list(zip(chunks[at], outcomes, strict=True))
            await self._budget.rest(sum(outcome.cpu for outcome in outcomes))

        async with trio.open_nursery() as nursery:
            for at in range(len(chunks)):
                nursery.start_soon(one, at)
        if faults:
            raise faults[0]
        return found

    async def _keep(self, box: Box, found: Sequence[tuple[Entry, Outcome]], position: Position | None) -> bool:
        added = [self._added(box, entry, outcome) for entry, outcome in found if outcome.state == "read"]
        positions = {bytes_of(box): position} if position is not None else None
        if added or positions:
            self.counts["new"] += await trio.to_thread.run_sync(
                self._ledger.add, added, positions, limiter=self.limiter
            )
        for _, outcome in found:
            self.counts[outcome.state] += 1
        self._tell(found)
        return not any(outcome.state == "failed" for _, outcome in found)

    def _added(self, box: Box, entry: Entry, outcome: Outcome) -> Added:
        came = min(outcome.at, self._clock.now().timestamp())
        in_mbox = entry.length >= 0
        return Added(
            box=bytes_of(box),
            folder=entry.folder,
            name=outcome.sha256.hex().encode() if in_mbox else maildir.unique(entry.name),
            sha256=outcome.sha256,
            at=outcome.at,
            lines={view: (self._due(view, came), line) for view, line in outcome.lines.items()},
            place=entry.offset if in_mbox else None,
            length=entry.length if in_mbox else None,
        )

    def _due(self, view: str, came: float) -> float:
        """Return before when a line may not be sealed; without a delay a clock that goes back makes none wait."""
        return came + self._delays[view] if self._delays[view] else 0.0

    def _tell(self, found: Iterable[tuple[Entry, Outcome]]) -> None:
        """Say what could not be read, each kind of trouble once in a batch: a maildir may be full of it."""
        for state in ("refused", "failed"):
            of_it = [(entry, outcome) for entry, outcome in found if outcome.state == state]
            self.refused.update(outcome.why for _, outcome in of_it if state == "refused")
            if of_it:
                entry, outcome = of_it[0]
                path = (entry.folder + b"/" + entry.name).decode("utf-8", "backslashreplace")
                self._log.warning(f"mails were {state}", count=len(of_it), first=path, why=outcome.why)

    async def close(self) -> None:
        """End the reading processes."""
        for reader in self._readers:
            await reader.close()


def bytes_of(box: Box) -> bytes:
    """Return a maildir's path as the ledger knows it."""
    return bytes(str(box.path).encode("utf-8", "surrogateescape"))
