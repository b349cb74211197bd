"""What the core and the modules agree on: triggers, modules, reports, and the protocols a `Context` is made of.

The rooms `store` and `net` satisfy the protocols; the daemon hands them in, so that a test passes fakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import random

    import trio

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.finding import Finding, NewFinding

# --- triggers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Every:
    """Run again `period` after the last due time; a run that overlaps the next due time delays it.

    Raises ValueError where the period is not positive.
    """

    period: timedelta

    def __post_init__(self) -> None:
        if self.period <= timedelta(0):
            raise ValueError(f"a period must be positive, not {self.period}")


@dataclass(frozen=True, slots=True)
class At:
    """Run daily at `at` (naive) in `timezone` (IANA name); a missed time runs once, at the next start.

    A time that the clocks skip runs as much later as they skip; one they repeat runs the first time only. Raises
    ValueError where the time has a zone of its own or the timezone is not known.
    """

    at: time
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            raise ValueError(f"{self.at} has a zone of its own; say `timezone`")
        _ = self.zone

    @property
    def zone(self) -> tzinfo:
        """Return the timezone; `UTC` needs no time zone database on the machine."""
        if self.timezone == "UTC":
            return UTC
        try:
            return ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:  # an unknown name, a path in disguise, a folder's name
            raise ValueError(f"{self.timezone!r} is not a timezone known here") from error


@dataclass(frozen=True, slots=True)
class After:
    """Run once after each completed round of another module, also one that runs in another process."""

    module: str


@dataclass(frozen=True, slots=True)
class On:
    """Run when findings of this kind are committed; read them from the log by the module's stored cursor.

    The run reads `(cause.since, cause.until]` of the log. A module that moves its cursor (`reader_of`) itself, with
    what it wrote, is left alone and run again while more is there; for any other the scheduler moves it after the run.
    """

    finding_kind: str


@dataclass(frozen=True, slots=True)
class Always:
    """Run from start to stop (a service)."""


type Trigger = Every | At | After | On | Always


@dataclass(frozen=True, slots=True)
class Cause:
    """Why this run happens: the trigger, and when it was due."""

    trigger: Trigger | None  # None: somebody asked (`POST …/run`)
    due: datetime
    names: tuple[str, ...] = ()  # of submodules somebody asked for; empty: all that are due
    since: int = 0  # `On`: the module's cursor …
    until: int = 0  # … and the greatest seq this run is to read


def reader_of(module: str) -> str:
    """Return the name under which the cursor of a module's `On` triggers is stored."""
    return f"module:{module}"


def unit_of(module: str) -> str:
    """Return the name under which a module's due time is stored."""
    return f"module:{module}"


# --- modules --------------------------------------------------------------------------------------------------------


class Restart(StrEnum):
    """Restart words as in OTP."""

    ALWAYS = "always"
    ON_FAILURE = "on_failure"
    NEVER = "never"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Report:
    """How one submodule ended; expected trouble is a value here, not an exception."""

    source: str
    status: str
    entries: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    took: float = 0.0  # seconds
    error: str | None = None
    listed: int = 0
    delisted: int = 0


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What a job module tells the core when all its submodules have ended."""

    reports: Sequence[Report] = ()
    next_due: datetime | None = None  # sooner or later than the trigger would; None: as the trigger says


@dataclass(frozen=True, slots=True)
class Context:
    """All a module may touch."""

    log: Log
    clock: Clock
    rng: random.Random
    store: Any  # tipd.store.store.Store, or a test's fake; modules name the part they need as a Protocol of their own
    fetcher: Any  # tipd.net.fetch.Fetcher or a fake
    workers: Any  # tipd.work.pool.WorkerPool or a fake
    health: HealthSink
    resolver: Any = None  # tipd.net.resolver.resolver.Resolver or a fake
    asns: Any = None  # tipd.net.asn_file.AsnFile or a fake: `table` is the one that holds now


class Module(Protocol):
    """A first-level module: a *job* (ends when done) or a *service* (runs on, trigger `Always`)."""

    name: str
    triggers: tuple[Trigger, ...]
    takes: tuple[type, ...]
    gives: tuple[type, ...]
    restart: Restart

    async def run(self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None]) -> RoundReport | None:
        """Do the work; call `task_status.started()` when ready. Raises only what is not expected."""
        ...


@runtime_checkable
class Service(Module, Protocol):
    """A module that runs always, and does at once what others ask of it while it does; none of these may wait."""

    def look(self) -> None:
        """Read again what may have changed outside the store (SIGHUP)."""
        ...

    def pause(self, reason: str) -> None:
        """Begin no work until `resume`."""
        ...

    def resume(self) -> None:
        """Begin work again."""
        ...


@runtime_checkable
class Forwards(Protocol):
    """A job some of whose submodules another module runs: they are asked through it, though it runs itself."""

    def asked(self, names: Iterable[str]) -> tuple[str, ...]:
        """Have those asked at once; return the names of its own. Must not wait."""
        ...


class HealthSink(Protocol):
    """Where a module says how it is; shown by `/api/v1/status`."""

    state: ModuleState

    def note(self, **facts: Any) -> None:
        """Set facts shown beside the module's node (JSON-ready values)."""
        ...

    def beat(self) -> None:
        """Say that the loop made progress."""
        ...


# --- what the scheduler needs of the store ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """The persisted schedule of one unit (`module:blacklist`).

    `last_run` is when the last round that completed ended; `failures` counts those in a row since. Beside it,
    `retry:<module>` keeps when a failing module is tried again, and `after:<module>:<other>` (as `last_run`) which
    round of the other it followed last.
    """

    name: str
    due: datetime | None
    last_run: datetime | None
    failures: int


class ScheduleStore(Protocol):
    """Due times that survive a restart."""

    async def load(self, name: str) -> Due | None:
        """Return what is stored for the unit, or None."""
        ...

    async def save(self, name: str, *, due: datetime | None, last_run: datetime | None, failures: int) -> None:
        """Store it; acknowledged when committed."""
        ...


class FindingLog(Protocol):
    """The findings log: the truth behind every stream and `On` trigger."""

    async def last_seq(self) -> int:
        """Return the greatest committed `seq`, 0 where there is none."""
        ...

    async def bounds(self) -> tuple[int, int]:
        """Return the first and last `seq` there are; first > last (or both 0) where the log is empty."""
        ...

    async def read(self, since: int, *, limit: int = 1000, kinds: Sequence[str] = ()) -> Sequence[Finding]:
        """Return findings with seq > since, ascending."""
        ...

    async def cursor(self, reader: str) -> int:
        """Return the reader's stored cursor, 0 where there is none."""
        ...

    async def move_cursor(self, reader: str, seq: int) -> None:
        """Store the reader's cursor."""
        ...


class Writer(Protocol):
    """The one door for durable changes."""

    async def tell(self, findings: Sequence[NewFinding]) -> Sequence[int]:
        """Commit findings; return their seqs. Waits while the store is away."""
        ...


type ModuleState = Literal["starting", "running", "waiting", "backoff", "paused", "failed", "stopped", "disabled"]
