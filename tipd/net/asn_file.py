"""The AS table of the configured file: built off the loop, exchanged in one step when the file changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import trio

from tipd.errors import WorkerFailed
from tipd.net.asn import AsnTable
from tipd.net.asn_build import BUILDER, AsnBuilt, AsnJob, origin_of

if TYPE_CHECKING:
    from tipd.log import Log
    from tipd.net.asn import Origin
    from tipd.nursery.contract import HealthSink

LOOK_EVERY = 60.0  # seconds
LONGEST_REST = 3600.0  # seconds between two attempts at a file that cannot be read and did not change
BUILD_WITHIN = 600.0
MEMORY = 2 * 2**30  # a million announcements as Python values


class Workers(Protocol):
    """The worker pool."""

    async def call(self, function: str, argument: Any, result_type: type[Any], *, deadline: float, memory: int) -> Any:
        """Run a function in a worker."""
        ...


class AsnFile:
    """Holds `table`, which is empty until there is one, and stays what it was while a new file cannot be read."""

    def __init__(self, path: str, built: Path, workers: Workers, log: Log, health: HealthSink) -> None:
        """`path` of the operator's file, empty for none; `built`: where the table is written and mapped from."""
        self.table = AsnTable.empty()
        self.error = ""
        self.settled = trio.Event()  # the file was looked at once: what the table says now is all that is known
        self._path = Path(path).expanduser() if path else None
        self._built = built
        self._workers = workers
        self._log = log
        self._health = health
        self._look = trio.Event()
        self._refused: Origin | None = None  # could not be built from
        self._rest = LOOK_EVERY
        self._again = 0.0  # when it is tried again, by trio's clock

    @property
    def configured(self) -> bool:
        """Say whether a file is named at all."""
        return self._path is not None

    def status(self) -> dict[str, Any]:
        """Return what there is, for people; `state` is `none`, `loading`, `ready` or `faulty` (the old table stays)."""
        head = self.table.head
        facts: dict[str, Any] = {"state": self._state(), "file": str(self._path) if self._path else None}
        if head is not None:
            facts |= {"form": head.form, "rows": head.rows, "refused": head.refused, "names": head.names}
            facts |= {"borders_ipv4": head.borders4, "borders_ipv6": head.borders6, "bytes": head.size}
        return facts | ({"error": self.error} if self.error else {})

    def _state(self) -> str:
        if self._path is None:
            return "none"
        if self.error:
            return "faulty"
        return "ready" if self.table.head is not None else "loading"

    def look(self) -> None:
        """Look at the file now (SIGHUP)."""
        self._look.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Map what was built before, then follow the file for ever."""
        await self._open_built()
        task_status.started()
        asked = True
        while True:
            await self.refresh(asked=asked)
            self.settled.set()
            self._health.note(**self.status())
            self._health.beat()
            with trio.move_on_after(LOOK_EVERY):
                await self._look.wait()
            asked = self._look.is_set()
            self._look = trio.Event()

    async def refresh(self, *, asked: bool = True) -> None:
        """Build and map the table anew where the file is another than the table's; what is wrong is told once.

        A file that cannot be read is left alone for a while, unless it changes or somebody asked: a hostile one costs
        a worker minutes.
        """
        if self._path is None:
            return
        try:
            origin = await trio.to_thread.run_sync(origin_of, self._path)
        except OSError as error:
            self._faulty(f"{self._path}: {error.strerror or error}")
            return
        if self.table.head is not None and self.table.head.origin == origin:
            self.error = ""
            return
        if not asked and origin == self._refused and trio.current_time() < self._again:
            return
        if await self._build(self._path):
            self._refused, self._rest = None, LOOK_EVERY
            return
        self._rest = min(2 * self._rest, LONGEST_REST) if origin == self._refused else LOOK_EVERY
        self._refused, self._again = origin, trio.current_time() + self._rest

    async def _build(self, path: Path) -> bool:
        job = AsnJob(path=str(path), into=str(self._built))
        try:
            await trio.Path(self._built.parent).mkdir(parents=True, exist_ok=True)
            built: AsnBuilt = await self._workers.call(BUILDER, job, AsnBuilt, deadline=BUILD_WITHIN, memory=MEMORY)
            if built.error:
                self._faulty(built.error)
                return False
            self.table = await trio.to_thread.run_sync(AsnTable.open, self._built)
        except (WorkerFailed, OSError, ValueError) as error:
            self._faulty(str(error))
            return False
        self.error = ""
        if built.bad_line:
            self._log.warning("rows of the AS table cannot be read", file=str(path), first_line=built.bad_line)
        self._log.info("the AS table is loaded", **self.status())
        return True

    async def _open_built(self) -> None:
        """What an earlier run built serves at once; it is built anew where the file is another by now."""
        if self._path is None:
            return
        try:
            table = await trio.to_thread.run_sync(AsnTable.open, self._built)
        except (OSError, ValueError):
            return
        if table.head is not None and table.head.origin.path == str(self._path):
            self.table = table

    def _faulty(self, why: str) -> None:
        if why != self.error:
            self._log.error("the AS table cannot be read, the old one stays", why=why)
        self.error = why
