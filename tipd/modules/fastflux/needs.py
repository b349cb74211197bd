"""What the service needs of the store, the resolver and the monitor: protocols, so that tests pass fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tipd.model.dns import Route
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from tipd.model.allow import AllowList
    from tipd.model.dns import Answer
    from tipd.model.finding import Finding
    from tipd.model.flux import Batch, KnownName, NewName, State
    from tipd.model.kind import Kind
    from tipd.model.tracked import Added, Pivot, TrackedDetail
    from tipd.modules.fastflux.knowledge.knowledge import Knowledge
    from tipd.net.asn import AsnTable
    from tipd.store.sources import SourceRow


class Listed(NamedTuple):
    """An open sighting, or a finding of one, in a class that makes candidates. `tlp`: its own mark, no source's."""

    kind: Kind
    value: str
    class_: str
    source: str | None
    tlp: Tlp | None
    why: str = "list"


class Subject(NamedTuple):
    """A tracked name as the slower chores see it.

    `addresses`: the last answer's IPv4 addresses, packed; `tlp`: the name's mark.
    """

    id: int
    name: str
    apex: str
    state: State
    tags: tuple[str, ...]
    addresses: bytes
    tlp: Tlp = Tlp.GREEN


class Tracker(Protocol):
    """The monitor (`tipd.modules.fastflux.monitor.Monitor`).

    `allowed_until`: until when (trio's clock) it may ask; it asks nothing after that, and goes on when it is raised.
    """

    allowed_until: float

    @property
    def count(self) -> int:
        """How many names are watched."""
        ...

    def take(self, names: Sequence[KnownName], not_before: float) -> None:
        """Watch these; one that is watched already gains its tags and mark, and nothing else of it changes.

        None is asked for before `not_before` (seconds since 1970) and its TTL have passed, nor before its due time.
        """
        ...

    def drop(self, ids: Iterable[int]) -> None:
        """Let these go, at once and without a word; unknown ones are passed over."""
        ...

    async def run(self) -> None:
        """Probe until cancelled."""
        ...

    def drain(self) -> Batch:
        """Return what has gathered since the last call."""
        ...

    def roll(self, most: int) -> None:
        """Add how far `most` names have come to what gathers, those first that were told longest ago."""
        ...

    def subjects(
        self, states: frozenset[State], *, tags: frozenset[str] = frozenset(), start: int = 0
    ) -> Iterable[Subject]:
        """Return the names in these states, from the `start`th on and round; with `tags`: those that have one."""
        ...

    def distinct(self, name_id: int) -> Sequence[int]:
        """Return all IPv4 addresses that a name is remembered to have had, as numbers, ascending."""
        ...

    def know(self, knowledge: Knowledge) -> None:
        """Judge by this knowledge from now on."""
        ...

    def learn_servers(
        self, name_id: int, at: float, names: Sequence[str], addresses: bytes, asns: Sequence[int]
    ) -> None:
        """Say which name servers the name's registrable domain has, and all their IPv4 addresses with their ASNs."""
        ...

    def learn(
        self,
        name_id: int,
        *,
        shared: int | None = None,
        shared_names: int | None = None,
        siblings: Mapping[str, int] | None = None,
    ) -> None:
        """Say what others know of a name (`scores.features.Given`); None leaves what was known."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return how it is, JSON-ready."""
        ...


class Resolver(Protocol):
    """`tipd.net.resolver.resolver.Resolver`, as far as the slower chores need it."""

    configured: bool

    @property
    def room(self) -> int:
        """How many questions it would take now."""
        ...

    async def wait_room(self) -> None:
        """Wait until it takes one."""
        ...

    async def query(self, name: str, rtype: int, *, route: Route = Route.RESOLVERS, deadline: float = 10.0) -> Answer:
        """Ask one question; never raises for trouble in the DNS."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return how it is, JSON-ready."""
        ...


class Asns(Protocol):
    """`tipd.net.asn_file.AsnFile`."""

    table: AsnTable

    def status(self) -> dict[str, Any]:
        """Return what there is; `state` is `none`, `loading`, `ready` or `faulty`."""
        ...


class LeaseStore(Protocol):
    """`store.flux.lease`."""

    async def take(self, holder: UUID, now: datetime, valid: timedelta) -> Any:
        """Take the lease where nobody holds it; returns `ours` and `former_until`."""
        ...

    async def renew(self, holder: UUID, now: datetime, valid: timedelta) -> bool:
        """Hold it on; False: it is another's by now."""
        ...

    async def give_back(self, holder: UUID, now: datetime) -> None:
        """Let another take it."""
        ...


class Flux(Protocol):
    """`store.flux`."""

    lease: LeaseStore

    async def add(self, names: Sequence[NewName], *, initial: bool = False) -> Added:
        """Take names under watch."""
        ...

    async def listed(self, classes: Sequence[str], after: Any, limit: int) -> tuple[Sequence[Listed], Any]:
        """Return a page of open sightings in these classes, and what the next page begins after (None: no more)."""
        ...

    async def let_go_unchosen(self, classes: Sequence[str]) -> int:
        """Let all names go that nothing but lists of other classes brought; return how many that were."""
        ...

    async def ended(self, evidence: Sequence[tuple[str, str]]) -> int:
        """Note that sources list these names (name, source) no more."""
        ...

    def load(self, page: int = 5000) -> AsyncGenerator[Sequence[KnownName]]:
        """Yield all names that are not dropped."""
        ...

    async def revision(self) -> int:
        """Return the last revision there is."""
        ...

    async def changed_since(self, revision: int, limit: int) -> Sequence[KnownName]:
        """Return names that people or lists changed, in the order of their revisions; dropped ones too."""
        ...

    async def save(self, batch: Batch, *, vantage: str) -> None:
        """Store what the tracker gathered."""
        ...

    async def pivot(
        self, value: str, *, since: datetime | None = None, until: datetime | None = None,
        tag: Sequence[str] = (), limit: int = 1000, max_tlp: Tlp,
    ) -> Pivot:  # fmt: skip
        """Return where a value leads."""
        ...

    async def get(self, name: str, *, max_tlp: Tlp, at: datetime | None = None) -> TrackedDetail | None:
        """Return all that is known of a name."""
        ...

    async def followed(self, root: str) -> int:
        """Return how many names came by walks that began at this value."""
        ...

    async def join(self, groups: Sequence[Sequence[int]]) -> Sequence[Any]:
        """Make these groups of names the networks there are; returns `network` and `joined` (ids) of each."""
        ...

    async def hits(self, names: Sequence[str], addresses: Sequence[str], *, max_tlp: Tlp) -> Mapping[str, int]:
        """Return how many open sightings each value has, as far as the mark lets see; values without any may miss."""
        ...

    async def thin(self, max_bytes: int, keep_samples: timedelta) -> Any:
        """Let go of the oldest samples and observations."""
        ...

    async def remark(self) -> int:
        """Give each name the least mark among its origins, sources' present ones included; return how many changed."""
        ...


class FindingLog(Protocol):
    """`store.findings`."""

    async def bounds(self) -> tuple[int, int]:
        """Return the first and the last `seq` there are."""
        ...

    async def read(self, since: int, *, limit: int = 1000, kinds: Sequence[str] = ()) -> Sequence[Finding]:
        """Return findings after `since`; raises GoneError."""
        ...

    async def cursor(self, reader: str) -> int:
        """Return a reader's stored cursor."""
        ...

    async def move_cursor(self, reader: str, seq: int) -> None:
        """Store it."""
        ...


class SourceRows(Protocol):
    """`store.sources`."""

    async def all(self, *, declared_only: bool = True) -> Sequence[SourceRow]:
        """Return all rows."""
        ...


class AllowRows(Protocol):
    """`store.allowed`."""

    async def fresh(self) -> AllowList:
        """Return what is allowed at this moment."""
        ...


class Writer(Protocol):
    """`store.writer`."""

    def subscribe(self, on_commit: Callable[[int, frozenset[str]], None]) -> Callable[[], None]:
        """Call it after each commit of findings; return how to end it."""
        ...


class Pool(Protocol):
    """`store.pool`."""

    def listen(self, channel: str, hear: Callable[[str | None], None]) -> None:
        """Call `hear` whenever somebody tells something on a channel, for ever."""
        ...


class FluxStore(Protocol):
    """The store, as far as the service needs it."""

    @property
    def available(self) -> bool:
        """Whether the database is there."""
        ...

    @property
    def flux(self) -> Flux:
        """Tracked names and passive DNS."""
        ...

    @property
    def findings(self) -> FindingLog:
        """The log."""
        ...

    @property
    def sources(self) -> SourceRows:
        """The sources."""
        ...

    @property
    def allowed(self) -> AllowRows:
        """The operator's allowlist."""
        ...

    @property
    def pool(self) -> Pool:
        """Who hears of what other processes tell."""
        ...

    @property
    def writer(self) -> Writer:
        """Who tells of commits."""
        ...
