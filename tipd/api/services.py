"""What the API needs of the rest of tipd, as protocols; the daemon hands the real ones in, tests hand in fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tipd.api.sessions import Sessions
from tipd.api.settings import ApiSettings
from tipd.model.annotate import Annotations
from tipd.modules.fastflux.settings import FluxSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import trio

    from tipd.api.services_flux import Flux
    from tipd.api.services_spam import Spam
    from tipd.api.uploads import Uploads
    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.allow import Allowance, AllowList
    from tipd.model.finding import Finding
    from tipd.model.indicator import Indicator
    from tipd.model.kind import Kind
    from tipd.model.tlp import Tlp
    from tipd.store.bodies import Bodies
    from tipd.store.proofs import ProofRow


class Findings(Protocol):
    """The findings log."""

    async def read(self, since: int, *, limit: int = 1000, kinds: Sequence[str] = ()) -> Sequence[Finding]:
        """Return findings with seq > since, ascending; raises GoneError or StoreAway."""
        ...

    async def bounds(self) -> tuple[int, int]:
        """Return the first and the last `seq` there are: one may resume from `first - 1` up to `last`."""
        ...

    async def last_seq(self) -> int:
        """Return the greatest committed `seq`, 0 where there is none."""
        ...


class Token(Protocol):
    """A stored token, without its secret."""

    id: str
    scopes: Sequence[str]
    note: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    max_tlp: str


class Tokens(Protocol):
    """Tokens, by the SHA-256 of their secrets."""

    async def verify(self, token: str) -> Token | None:
        """Return the token that is known, not revoked and not expired, else None."""
        ...

    async def create(
        self, scopes: Sequence[str], *, note: str = "", expires: datetime | None = None, max_tlp: str = "green"
    ) -> tuple[Token, str]:
        """Store a new token; return it and its secret, which is shown this once."""
        ...

    async def all(self) -> Sequence[Token]:
        """Return every token, revoked ones too."""
        ...

    async def revoked(self) -> Collection[str]:
        """Return the ids of the tokens that were revoked, by whichever process; needs no database."""
        ...

    async def revoke(self, token_id: str) -> bool:
        """Revoke a token; False where there is none such."""
        ...


class Source(Protocol):
    """One row of the sources, as stored."""

    id: int
    name: str
    module: str
    declared: bool
    state: str
    state_since: datetime | None
    failing_since: datetime | None
    gone: datetime | None
    error: str | None
    due: datetime | None
    failures: int
    entries: int
    refused: Mapping[str, int]
    weight: float
    last_attempt: datetime | None
    last_success: datetime | None
    last_change: datetime | None
    set_aside: Mapping[str, Any] | None
    tlp: Tlp
    redistribute: bool
    class_: str
    licence: str
    by_hand: bool


class Sources(Protocol):
    """The sources' rows."""

    async def all(self) -> Sequence[Source]:
        """Return every source that is collected."""
        ...

    async def known(self) -> Sequence[Source]:
        """Return every source that is declared, collected or not."""
        ...

    async def get(self, name: str) -> Source | None:
        """Return one source, None where there is none such."""
        ...

    async def accept(self, name: str, at: datetime) -> Source | None:
        """Note that the body set aside may be used, None where there is none; raises TryAgain where it changed."""
        ...


class Sightings(Protocol):
    """Sightings: for exports and for the history of one indicator."""

    def export(
        self, kinds: Sequence[str] = (), sources: Sequence[str] = (), *, max_tlp: Tlp, public: bool = False
    ) -> AsyncIterator[Sequence[Any]]:
        """Yield pages of rows, one an indicator that is listed now and may be shown; `public`: to anybody."""
        ...

    async def history(self, value: str, *, max_tlp: Tlp) -> Sequence[Any]:
        """Return the sightings of one indicator that may be shown, newest first."""
        ...

    async def said(self, entries: Sequence[tuple[Kind, str]], max_tlp: Tlp) -> Mapping[tuple[Kind, str], Sequence[Any]]:
        """Return what sources say beside these entries now, as far as it may be shown."""
        ...

    async def only_above(self, values: Sequence[tuple[Kind, str]], max_tlp: Tlp) -> set[tuple[Kind, str]]:
        """Return the indicators that are or were listed, and only under stricter marks."""
        ...


class Allowed(Protocol):
    """The operator's allowlist."""

    async def fresh(self) -> AllowList:
        """Return what is allowed now; from memory while nothing has changed."""
        ...

    async def add(
        self, indicator: Indicator, reason: str, by: str, until: datetime | None = None, *, tlp: Tlp | None = None
    ) -> Allowance:
        """Allow an indicator; raises ValueError."""
        ...

    async def remove(self, indicator: Indicator, reason: str, by: str, *, tlp: Tlp | None = None) -> Allowance | None:
        """End what was allowed; None where nothing stood."""
        ...


class Store(Protocol):
    """The store's parts the API reads."""

    findings: Any
    sources: Any
    sightings: Any
    entries: Any
    past: Any
    proofs: Any
    tokens: Any
    rounds: Any
    asks: Any
    sizes: Any
    audit: Any
    trends: Any
    store_id: str

    @property
    def flux(self) -> Flux:
        """Tracked names and passive DNS."""
        ...

    @property
    def spam(self) -> Spam:
        """Campaigns, mails, archives and agents."""
        ...

    @property
    def allowed(self) -> Allowed:
        """The operator's allowlist."""
        ...


class Index(Protocol):
    """The look-up index in memory."""

    ready: bool

    async def answer(self, values: Sequence[str], max_tlp: Tlp, allow: AllowList) -> bytes:
        """Return the JSON answer of `POST /api/v1/lookup`: one result a value, in order."""
        ...

    @property
    def entries(self) -> int:
        """How many indicators are listed."""
        ...

    def hides(self, max_tlp: Tlp) -> bool:
        """Say whether anything there is may not be shown to who sees this mark."""
        ...

    async def count(self, max_tlp: Tlp, *, public: bool = False) -> int:
        """Return how many of them may be shown to who sees this mark, or to anybody at all."""
        ...

    @property
    def bytes(self) -> int:
        """What the index holds, in bytes."""
        ...

    @property
    def behind(self) -> int:
        """How many committed findings it has not seen, at most."""
        ...


class Health(Protocol):
    """The nursery tree."""

    def snapshot(self) -> dict[str, Any]:
        """Return the tree, JSON-ready."""
        ...


class Scheduler(Protocol):
    """Runs modules when somebody asks."""

    def names(self) -> list[str]:
        """Return the modules that run in this process."""
        ...

    def run_now(self, module: str, names: Iterable[str] = ()) -> None:
        """Let a module run now, for these submodules or for all that are due."""
        ...


class AsnTable(Protocol):
    """Who announces which addresses."""

    def of(self, text: str) -> int | None:
        """Return the AS number of an address or the first address of a network, None where it is not known."""
        ...

    def name(self, asn: int) -> str:
        """Return what an AS is called, empty where that is not known."""
        ...


class Asns(Protocol):
    """The operator's AS table, exchanged when its file changes."""

    @property
    def settled(self) -> trio.Event:
        """Set once the file was looked at: nothing is counted by AS before."""
        ...

    @property
    def table(self) -> AsnTable:
        """The table that holds now; empty where there is none."""
        ...

    def status(self) -> dict[str, Any]:
        """Return what there is."""
        ...


class Outcome(Protocol):
    """How a sink's message went out."""

    @property
    def taken(self) -> bool:
        """Say whether the receiver took it."""
        ...

    @property
    def why(self) -> str:
        """Return why not, in words."""
        ...


class Sinks(Protocol):
    """Who is told of findings."""

    async def states(self) -> Sequence[Any]:
        """Return how every sink is."""
        ...

    async def test(self, name: str) -> Outcome | None:
        """Send a sink's receiver a test message; None where there is no such sink."""
        ...

    async def resume(self, name: str) -> bool | None:
        """Let a stopped sink go on; False: it was not stopped; None: there is no such sink."""
        ...


class Archive(Protocol):
    """Loads files as history and reads kept bodies again."""

    async def backfill(self, name: str, body: Path, at: datetime, origin: str) -> Any:
        """Let a file be loaded; raises HistoryRefused, TryAgain."""
        ...

    def job(self, number: str) -> Any:
        """Return what became of a file, None where nobody remembers."""
        ...

    async def read_again(self, proof: ProofRow, subject: Indicator) -> Any:
        """Say whether a kept body is whole and holds an indicator."""
        ...


class Forgetter(Protocol):
    """Forgets values."""

    async def forget(self, subject: Indicator, *, by: str, reason: str, block: bool, below: bool) -> Any:
        """Begin; raises TooMany, StoreAway, TryAgain."""
        ...

    def job(self, number: str) -> Any:
        """Return how far it is, None where nobody remembers."""
        ...


class Blocking(Protocol):
    """What the detector of a blocked loop has seen."""

    worst: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the API is built from.

    `available` says whether the database can be reached; `notes` returns what is worth knowing while tipd serves on;
    `subscribe` registers a function `(last_seq, kinds)` that is called after each commit and whenever another process
    committed (it must not block), and returns how to end that; `annotations` are the watches and the allowlist that
    findings are told with; `flux`: by what names are scored again.
    """

    store: Store
    index: Index | None
    health: Health
    scheduler: Scheduler | None
    clock: Clock
    log: Log
    version: str
    settings: ApiSettings = field(default_factory=ApiSettings)
    sessions: Sessions = field(default_factory=Sessions)
    blocking: Blocking | None = None
    available: Callable[[], bool] = lambda: True
    notes: Callable[[], Sequence[str]] = tuple
    subscribe: Callable[[Callable[[int, Collection[str]], None]], Callable[[], None]] | None = None
    annotations: Annotations = field(default_factory=Annotations)
    sinks: Sinks | None = None
    asns: Asns | None = None
    bodies: Bodies | None = None
    uploads: Uploads | None = None
    archive: Archive | None = None
    forgetter: Forgetter | None = None
    flux: FluxSettings = field(default_factory=FluxSettings)
