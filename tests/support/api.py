"""The API against fakes: a findings log in memory, and a server on a free port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpcore
import msgspec
import trio

from support.flux import FakeFlux
from support.spam import FakeSpam
from tipd import log
from tipd.api.app import ROUTES, TipdApp, create_app
from tipd.api.declare import JSON
from tipd.api.server import serve
from tipd.api.services import Services
from tipd.api.settings import ApiSettings
from tipd.clock import SystemClock
from tipd.errors import GoneError, StoreAway, TryAgain
from tipd.model.allow import Allowance, AllowList
from tipd.model.annotate import Annotations
from tipd.model.finding import Finding
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.audit import Act
from tipd.store.past import Then

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
_PART = re.compile(r"<[^>]+>")
ALL_SCOPES = ("read", "stream", "write", "agents", "admin")


def finding(seq: int, kind: str = "indicator.listed", value: str = "198.51.100.7") -> Finding:
    """Return a finding as the store would read it."""
    return Finding(
        seq=seq,
        at=START + timedelta(seconds=seq),
        kind=kind,
        module="blacklist",
        source="example_drop",
        subject=Indicator(Kind.IPV4, value),
        data={},
    )


@dataclass
class FakeFindings:
    """A log in a list."""

    log: list[Finding] = field(default_factory=list)
    pruned: int = 0
    away: bool = False
    reads: int = 0
    on_commit: list[Callable[[int, Collection[str]], None]] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.log[-1].seq if self.log else self.pruned

    def tell(self, *findings: Finding) -> None:
        self.log += findings
        for listener in self.on_commit:
            listener(self.last, {one.kind for one in findings})

    def prune(self, upto: int) -> None:
        self.log = [one for one in self.log if one.seq > upto]
        self.pruned = max(self.pruned, upto)

    async def read(
        self, since: int, *, limit: int = 1000, kinds: Sequence[str] = (), initial: bool = True
    ) -> list[Finding]:
        await trio.lowlevel.checkpoint()
        self._check()
        self.reads += 1
        if since < self.pruned or since > self.last:
            raise GoneError(since, *(await self.bounds()))
        found = (one for one in self.log if one.seq > since and (not kinds or one.kind in kinds))
        return [one for one in found if initial or one.initial is not True or one.subject is None][:limit]

    async def bounds(self) -> tuple[int, int]:
        await trio.lowlevel.checkpoint()
        self._check()
        return (self.log[0].seq if self.log else self.pruned + 1, self.last)

    async def last_seq(self) -> int:
        return (await self.bounds())[1]

    def subscribe(self, listener: Callable[[int, Collection[str]], None]) -> Callable[[], None]:
        self.on_commit.append(listener)
        return lambda: self.on_commit.remove(listener)

    def _check(self) -> None:
        if self.away:
            raise StoreAway("away")


@dataclass
class FakeTokens:
    """Tokens in a dict by secret."""

    known: dict[str, SimpleNamespace] = field(default_factory=dict)

    def add(self, secret: str, *scopes: str, expires: datetime | None = None, max_tlp: str = "green") -> str:
        self.known[secret] = SimpleNamespace(
            id=hashlib.sha256(secret.encode()).hexdigest()[:12],
            scopes=scopes,
            note="",
            created=START,
            expires=expires,
            revoked=None,
            max_tlp=max_tlp,
        )
        return secret

    async def verify(self, token: str) -> SimpleNamespace | None:
        await trio.lowlevel.checkpoint()
        found = self.known.get(token)
        return found if found is not None and found.revoked is None else None

    async def create(
        self, scopes: Sequence[str], *, note: str = "", expires: datetime | None = None, max_tlp: str = "green"
    ) -> tuple[SimpleNamespace, str]:
        secret = self.add(f"tip_new{len(self.known)}", *scopes, expires=expires, max_tlp=max_tlp)
        self.known[secret].note = note
        return self.known[secret], secret

    async def all(self) -> list[SimpleNamespace]:
        return list(self.known.values())

    async def revoked(self) -> set[str]:
        return {token.id for token in self.known.values() if token.revoked is not None}

    async def revoke(self, token_id: str) -> bool:
        for token in self.known.values():
            if token.id == token_id and token.revoked is None:
                token.revoked = START
                return True
        return False


def source(name: str, **more: Any) -> SimpleNamespace:
    """Return a source's row."""
    row: dict[str, Any] = {
        "id": 1,
        "name": name,
        "module": "blacklist",
        "declared": True,
        "state": "ok",
        "state_since": START,
        "error": None,
        "due": START + timedelta(hours=1),
        "failures": 0,
        "entries": 12,
        "tlp": Tlp.CLEAR,
        "redistribute": True,
        "class_": "blacklist",
        "licence": "",
        "refused": {"bogon": 2},
        "weight": 0.5,
        "last_attempt": START,
        "last_success": START,
        "last_change": START,
        "failing_since": None,
        "gone": None,
        "set_aside": None,
    }
    return SimpleNamespace(**(row | more))


@dataclass
class FakeSources:
    """Rows in a dict."""

    rows: dict[str, SimpleNamespace] = field(default_factory=dict)
    away: bool = False
    changed: bool = False
    accepted: list[tuple[str, datetime]] = field(default_factory=list)

    async def all(self) -> list[SimpleNamespace]:
        if self.away:
            raise StoreAway("away")
        return [row for row in self.rows.values() if row.declared]

    async def known(self) -> list[SimpleNamespace]:
        await self.all()
        return list(self.rows.values())

    async def get(self, name: str) -> SimpleNamespace | None:
        return self.rows.get(name)

    async def accept(self, name: str, at: datetime) -> SimpleNamespace | None:
        row = self.rows.get(name)
        if row is None or not row.set_aside or row.set_aside.get("entries") is None:
            return None
        if self.changed:
            raise TryAgain("has changed meanwhile")
        self.accepted.append((name, at))
        return row


@dataclass
class FakeSightings:
    """What is listed, and histories."""

    listed: list[SimpleNamespace] = field(default_factory=list)
    past: dict[str, list[SimpleNamespace]] = field(default_factory=dict)
    page: int = 2
    away: bool = False
    asked: list[tuple[Tlp, bool]] = field(default_factory=list)

    async def export(
        self, kinds: Sequence[str] = (), sources: Sequence[str] = (), *, max_tlp: Tlp, public: bool = False
    ) -> AsyncIterator[list[SimpleNamespace]]:
        self.asked.append((max_tlp, public))
        rows = [
            row
            for row in self.listed
            if (not kinds or row.kind in kinds) and (not sources or set(sources) & set(row.sources))
        ]
        for start in range(0, len(rows), self.page):
            yield rows[start : start + self.page]

    async def history(self, value: str, *, max_tlp: Tlp) -> list[SimpleNamespace]:
        return [one for one in self.past.get(value, []) if one.tlp <= max_tlp]

    async def said(
        self, entries: Sequence[tuple[Kind, str]], max_tlp: Tlp
    ) -> dict[tuple[Kind, str], list[SimpleNamespace]]:
        if self.away:
            raise StoreAway("away")
        return {
            (kind, value): open_ for kind, value in entries if (open_ := await self.history(value, max_tlp=max_tlp))
        }

    async def only_above(self, values: Sequence[tuple[Kind, str]], max_tlp: Tlp) -> set[tuple[Kind, str]]:
        marks = {(kind, value): [one.tlp for one in self.past.get(value, [])] for kind, value in values}
        return {named for named, given in marks.items() if given and min(given) > max_tlp}


@dataclass
class FakePast:
    """Answers about moments by a function; notes what was asked."""

    answers: Callable[[str, datetime], Then] = lambda value, at: Then(value, at, Kind.IPV4)
    asked: list[tuple[str, datetime, int]] = field(default_factory=list)

    async def at(self, asked: Sequence[tuple[str, datetime]], *, max_tlp: int) -> list[Then]:
        await trio.lowlevel.checkpoint()
        self.asked += [(value, at, max_tlp) for value, at in asked]
        return [self.answers(value, at) for value, at in asked]


class FakeIndex:
    """Says that `198.51.100.7` is listed."""

    ready = True
    entries = 1
    bytes = 64
    behind = 0

    async def answer(self, values: Sequence[str], _max_tlp: Tlp, allow: AllowList) -> bytes:
        await trio.lowlevel.checkpoint()
        results = [self._one(value) for value in values]
        for result in results:
            entry = allow.covering(Kind.IPV4, result["value"]) if result["listed"] else None
            if entry is not None:
                said = {"value": entry.value, "reason": entry.reason, "until": entry.until}
                result |= {"listed": False, "confidence": 0.0, "allowed": said}
        return msgspec.json.encode({"results": results})

    def hides(self, _max_tlp: Tlp) -> bool:
        return False

    async def count(self, _max_tlp: Tlp, *, public: bool = False) -> int:
        return 0 if public else self.entries

    def _one(self, value: str) -> dict[str, Any]:
        listed = value == "198.51.100.7"
        match = {"kind": "ipv4", "value": value, "how": "exact"}
        return {
            "value": value,
            "kind": "ipv4",
            "listed": listed,
            "confidence": 0.5 if listed else 0.0,
            "sources": ["example_drop"] if listed else [],
            "matches": [match] if listed else [],
        }


@dataclass
class FakeAllowed:
    """An allowlist in memory; notes what was said of it."""

    entries: list[Allowance] = field(default_factory=list)
    said: list[tuple[str, str, str, str]] = field(default_factory=list)
    marks: list[Tlp | None] = field(default_factory=list)  # of what was said

    async def fresh(self) -> AllowList:
        return AllowList.of(self.entries)

    async def add(
        self, indicator: Indicator, reason: str, by: str, until: datetime | None = None, *, tlp: Tlp | None = None
    ) -> Allowance:
        if not reason.strip():
            raise ValueError("a reason is needed")
        entry = Allowance(kind=indicator.kind, value=indicator.value, reason=reason, by=by, created=START, until=until)
        self.entries = [one for one in self.entries if one.value != indicator.value] + [entry]
        self.said.append(("added", indicator.value, reason, by))
        self.marks.append(tlp)
        return entry

    async def remove(self, indicator: Indicator, reason: str, by: str, *, tlp: Tlp | None = None) -> Allowance | None:
        found = next((one for one in self.entries if one.value == indicator.value), None)
        if found is not None:
            self.entries.remove(found)
            self.said.append(("removed", indicator.value, reason, by))
        return found


@dataclass
class FakeAudit:
    """Acts in a list, newest first."""

    acts: list[Act] = field(default_factory=list)

    async def read(self, *, before: int | None = None, limit: int = 100) -> list[Act]:
        return [act for act in self.acts if before is None or act.id < before][:limit]

    async def note(self, by: str, action: str, subject: str, reason: str = "", data: Any = None) -> None:
        number = len(self.acts) + 1
        act = Act(id=number, at=START, by=by, action=action, subject=subject, reason=reason, data=dict(data or {}))
        self.acts.insert(0, act)


@dataclass
class FakeScheduler:
    """Notes what was asked."""

    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def names(self) -> list[str]:
        return ["blacklist"]

    def run_now(self, module: str, names: Any = ()) -> None:
        self.asked.append((module, tuple(names)))


class FakeHealth:
    """A small tree."""

    def __init__(self) -> None:
        node = {
            "module": "blacklist",
            "state": "running",
            "last_run": "2026-11-22T04:00:00Z",
            "next_run": None,
            "restarts": 1,
            "last_error": None,
            "facts": {"sources": 3},
            "children": [],
        }
        self.tree: dict[str, Any] = {"modules": [node], "channels": [{"name": "inbox", "kind": "feed"}]}

    def snapshot(self) -> dict[str, Any]:
        return self.tree


class FakeSizes:
    """Fixed numbers."""

    async def tables(self) -> dict[str, int]:
        return {"sighting": 8192}

    async def growth(self, _today: Any) -> dict[str, float]:
        return {"sighting": 10.5}


class FakeRounds:
    """No rounds."""

    async def last(self, _source_id: int, limit: int = 20) -> list[Any]:
        return []


@dataclass
class FakeAsks:
    """Notes what other processes would be asked for."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    async def ask(self, module: str, name: str, _at: datetime) -> None:
        self.asked.append((module, name))


@dataclass
class FakeSinks:
    """One sink, `example_drop`, that takes everything; notes what was asked."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = True

    async def states(self) -> list[SimpleNamespace]:
        row: dict[str, Any] = {"name": "example_drop", "target": "https://hooks.example.org", "watch": [], "kinds": []}
        row |= {"max_tlp": "green", "state": "running", "told": 7, "behind": 0, "failures": 0, "why": None}
        return [SimpleNamespace(**row, last_error=None, last_error_at=None, stopped=None)]

    async def test(self, name: str) -> SimpleNamespace | None:
        self.asked.append(("test", name))
        return SimpleNamespace(taken=True, why="") if name == "example_drop" else None

    async def resume(self, name: str) -> bool | None:
        self.asked.append(("resume", name))
        return self.stopped if name == "example_drop" else None


@dataclass
class World:
    """Everything fake, and the services made of it."""

    findings: FakeFindings = field(default_factory=FakeFindings)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    sources: FakeSources = field(default_factory=FakeSources)
    sightings: FakeSightings = field(default_factory=FakeSightings)
    past: FakePast = field(default_factory=FakePast)
    index: FakeIndex = field(default_factory=FakeIndex)
    scheduler: FakeScheduler = field(default_factory=FakeScheduler)
    health: FakeHealth = field(default_factory=FakeHealth)
    asks: FakeAsks = field(default_factory=FakeAsks)
    annotations: Annotations = field(default_factory=Annotations)
    sinks: FakeSinks = field(default_factory=FakeSinks)
    allowed: FakeAllowed = field(default_factory=FakeAllowed)
    audit: FakeAudit = field(default_factory=FakeAudit)
    flux: FakeFlux = field(default_factory=FakeFlux)
    spam: FakeSpam = field(default_factory=FakeSpam)
    available: bool = True
    store: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        self.store = SimpleNamespace(
            findings=self.findings,
            tokens=self.tokens,
            sources=self.sources,
            sightings=self.sightings,
            past=self.past,
            rounds=FakeRounds(),
            asks=self.asks,
            allowed=self.allowed,
            audit=self.audit,
            flux=self.flux,
            spam=self.spam,
            sizes=FakeSizes(),
            store_id="one",
        )
        self.tokens.add("tip_all", *ALL_SCOPES)
        self.tokens.add("tip_read", "read")
        self.tokens.add("tip_stream", "stream")
        self.sources.rows["example_drop"] = source("example_drop")

    def services(self, **settings: Any) -> Services:
        return Services(
            store=self.store,
            index=self.index,
            health=self.health,
            scheduler=self.scheduler,
            clock=SystemClock(),
            log=log.get("api"),
            version="0.1.0",
            settings=ApiSettings(**{"listen": "127.0.0.1:0", **settings}),
            blocking=SimpleNamespace(count=0, worst=0.0),
            available=lambda: self.available,
            subscribe=self.findings.subscribe,
            annotations=self.annotations,
            sinks=self.sinks,
        )


@dataclass
class Served:
    """A running server: where it is, how to stop it, and a client."""

    address: str
    state_dir: Path
    app: TipdApp
    shutdown: trio.Event
    stopped: trio.Event
    scheme: str = "http"

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "tip_all",
        body: Any = None,
        headers: dict[str, str] | None = None,
        control: bool = False,
    ) -> httpcore.Response:
        """Send one request on a connection of its own and read the whole answer, which has the shape it declares."""
        given = dict(headers or {})
        if token is not None:
            given.setdefault("Authorization", f"Bearer {token}")
        content = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        uds = str(self.state_dir / "tipd.sock") if control else None
        async with httpcore.AsyncConnectionPool(uds=uds) as pool:
            answer = await pool.request(
                method, self.url + path, headers=[(k.encode(), v.encode()) for k, v in given.items()], content=content
            )
        check_shape(method, path, answer)
        return answer


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches a route's path; only a `path:` part holds slashes."""
    return re.compile(_PART.sub(lambda part: ".+" if part[0].startswith("<path:") else "[^/]+", path))


_PATHS = [(route, _pattern(route.path)) for route in ROUTES]


def check_shape(method: str, path: str, answer: httpcore.Response) -> None:
    """Raise msgspec.ValidationError where an answer is not what its route declares."""
    for route, pattern in _PATHS:
        if route.method == method and pattern.fullmatch(path.partition("?")[0]):
            if route.answer is not None and answer.status == route.status and route.produces == JSON:
                msgspec.json.decode(answer.content, type=route.answer)
            return


def header(response: httpcore.Response, name: str) -> str | None:
    """Return a header of an answer, None where it has none."""
    for key, value in response.headers:
        if key.decode().lower() == name.lower():
            return value.decode()
    return None


def body_of(response: httpcore.Response) -> Any:
    """Return the JSON body."""
    return msgspec.json.decode(response.content)


@contextlib.asynccontextmanager
async def served(services: Services, state_dir: Path, **more: Any) -> AsyncIterator[Served]:
    """Run a server; it is stopped at the end, within ten seconds."""
    shutdown, stopped = trio.Event(), trio.Event()
    app = create_app(services)
    async with trio.open_nursery() as nursery:

        async def run(*, task_status: trio.TaskStatus[list[str]]) -> None:
            await serve(services, state_dir=state_dir, shutdown=shutdown, app=app, task_status=task_status, **more)
            stopped.set()

        names = await nursery.start(run)
        scheme = "https" if services.settings.tls_cert_file else "http"
        yield Served(names[0], state_dir, app, shutdown, stopped, scheme)
        shutdown.set()
        with trio.fail_after(10):
            await stopped.wait()
        nursery.cancel_scope.cancel()
