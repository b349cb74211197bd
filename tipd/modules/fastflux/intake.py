"""Names that come from elsewhere: what lists hold when the tracker first looks, then what the log tells of them.

The cursor moves only when what was read is stored, so no name is skipped; one that is told twice gains its evidence
twice, which changes nothing. Everything goes by pages: a list of a million lines is some hundred small steps, and is
never held whole.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from tipd.errors import GoneError, StoreAway
from tipd.model.canonical.domain import canonical_name, why_refused
from tipd.model.canonical.url import host_of
from tipd.model.finding import INDICATOR_DELISTED, INDICATOR_LISTED
from tipd.model.flux import NewName
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.needs import Listed
from tipd.nursery.bell import Bell
from tipd.nursery.contract import reader_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tipd.log import Log
    from tipd.model.finding import Finding
    from tipd.modules.fastflux.needs import FluxStore
    from tipd.modules.fastflux.settings import FluxSettings
    from tipd.nursery.contract import HealthSink

SPAM_URL = "spam.url"
TAKEN = (INDICATOR_LISTED, SPAM_URL)
KINDS = (*TAKEN, INDICATOR_DELISTED)
PAGE = 2000  # findings or sightings a step
LOOK_EVERY = 30.0  # seconds: a commit's word is a hint and may be lost
SOON = 0.5
AGAIN = 2.0
COUNT_EVERY = 60.0
_BREATH = 250  # values between two checkpoints
_MOVE_EVERY = 20_000  # findings of no interest, after which the cursor is moved all the same


class Marked(NamedTuple):
    """What is known of a source: its class and its present mark."""

    class_: str
    tlp: Tlp


class Intake:
    """`run` takes in for ever; `heard` is told of commits."""

    def __init__(self, store: FluxStore, settings: FluxSettings, log: Log, health: HealthSink) -> None:
        """Read nothing yet."""
        self._store = store
        self._log = log
        self._health = health
        self._classes = frozenset(settings.candidates)
        self._most = settings.max_domains
        # Another choice of classes is another reader: it begins with what the lists hold.
        digest = hashlib.sha256(" ".join(sorted(self._classes)).encode()).hexdigest()[:12]
        self._reader = f"{reader_of('fastflux')}:{digest}"
        self._bell = Bell()
        self._sources: dict[str, Marked] = {}
        self._room = 0
        self._count_again = 0.0
        self._begun = False  # what lists held was read: a cursor of 0 means an empty log
        self.refused: Counter[str] = Counter()
        self.taken = 0
        self.ended = 0  # names that a list has no more

    def heard(self, _last_seq: int, kinds: frozenset[str]) -> None:
        """Wake where findings of interest were committed."""
        if not kinds or not kinds.isdisjoint(KINDS):
            self._bell.ring()

    async def run(self, may: Callable[[], bool] = lambda: True, watched: Callable[[], int] = lambda: 0) -> None:
        """Take in what there is, then what comes, until cancelled; waits while the store is away.

        `may`: whether names may be taken now; `watched`: how many are watched.
        """
        while True:
            pause = LOOK_EVERY
            try:
                if may():
                    await self.catch_up(watched())
                    self._note()
            except StoreAway:
                pause = AGAIN
            await trio.sleep(SOON)  # what is committed in quick succession is read together
            await self._bell.wait(pause)

    async def catch_up(self, watched: int = 0) -> None:
        """Read on to the log's end; from what the lists hold where there is no place in the log to go on from."""
        if not self._classes:
            return
        if trio.current_time() >= self._count_again:  # what was just stored is watched a little later
            self._room, self._count_again = self._most - watched, trio.current_time() + COUNT_EVERY
        self._sources = {
            row.name: Marked(row.class_, row.tlp) for row in await self._store.sources.all(declared_only=False)
        }
        first, last = await self._store.findings.bounds()
        cursor = await self._store.findings.cursor(self._reader)
        if not (cursor or self._begun) or not first - 1 <= cursor <= last:
            if cursor:
                self._log.warning("the log does not reach back to where it was read last", since=cursor, first=first)
            await self._take_listed()
            await self._store.findings.move_cursor(self._reader, last)
            cursor = last
        self._begun = True
        try:
            await self._read_from(cursor)
        except GoneError as error:  # retention passed by meanwhile: the next look begins with the lists
            self._log.warning("the log went on without the tracker", why=str(error))

    async def _take_listed(self) -> None:
        """Take what lists hold now, page by page."""
        after: Any = None
        while True:
            page, after = await self._store.flux.listed(sorted(self._classes), after, PAGE)
            await self._add(await self._wanted(page), initial=True)
            if after is None:
                return

    async def _read_from(self, cursor: int) -> None:
        moved = cursor
        while True:
            found = await self._store.findings.read(cursor, limit=PAGE, kinds=KINDS)
            if not found:
                return
            cursor = found[-1].seq
            some = False
            for initial in (True, False):  # what a first round loads is no new evidence for a name that was let go
                names = await self._wanted(self._listed(one for one in found if (one.initial is True) is initial))
                await self._add(names, initial=initial)
                some = some or bool(names)
            await self._end(found)
            if some or len(found) < PAGE or cursor - moved >= _MOVE_EVERY:
                await self._store.findings.move_cursor(self._reader, cursor)
                moved = cursor

    def _listed(self, found: Iterable[Finding]) -> Iterable[Listed]:
        """Yield what findings list in a class of ours."""
        for finding in found:
            subject = finding.subject
            if subject is None or subject.kind not in (Kind.DOMAIN, Kind.URL) or finding.kind not in TAKEN:
                continue
            source = self._sources.get(finding.source or "")
            said = finding.data.get("class") or (source.class_ if source else "")
            if finding.kind == SPAM_URL:
                said = said or "spam"
            class_ = next((word for word in _words(said) if word in self._classes), None)
            if class_ is not None:
                # What the source's own mark does not explain is the row's; the source's is added when it is read.
                own = None if source is not None and finding.mark <= source.tlp else finding.mark
                why = "spam" if finding.kind == SPAM_URL else "list"
                yield Listed(subject.kind, subject.value, class_, finding.source, own, why)

    async def _end(self, found: Sequence[Finding]) -> None:
        """Note which names lists have no more: they are watched on, but nobody vouches for it now.

        Of a URL it is not known whether its list has others on the same host.
        """
        stands = {
            (finding.subject.value, finding.source): finding.kind
            for finding in found  # the last word of each source on a name holds
            if finding.subject is not None and finding.subject.kind is Kind.DOMAIN and finding.source is not None
        }
        gone = [evidence for evidence, kind in stands.items() if kind == INDICATOR_DELISTED]
        if gone:
            self.ended += await self._store.flux.ended(gone)

    async def _wanted(self, page: Iterable[Listed]) -> list[NewName]:
        """Return the names among these that may be watched, each once a source; the rest is counted."""
        allowed = await self._store.allowed.fresh()
        names: dict[tuple[str, str | None], NewName] = {}
        for n, row in enumerate(page):
            if n % _BREATH == 0:
                await trio.lowlevel.checkpoint()
            if allowed.covers(row.kind, row.value):
                self.refused["allowed"] += 1
                continue
            try:
                name = name_of(row.kind, row.value)
            except RefusedValue as error:
                self.refused[error.reason] += 1
                continue
            if row.kind is Kind.URL and allowed.covers(Kind.DOMAIN, name):
                self.refused["allowed"] += 1
                continue
            new = NewName(name=name, why=row.why, source=row.source, class_=row.class_, tlp=row.tlp)
            known = names.get((name, row.source))
            names[name, row.source] = new if known is None or _looser(new.tlp, known.tlp) else known
        return list(names.values())

    async def _add(self, names: Sequence[NewName], *, initial: bool) -> None:
        """Store them; those beyond `max_domains` are left, and counted."""
        room = max(0, self._room)
        if len(names) > room:
            self.refused["max_domains"] += len(names) - room
            names = names[:room]
        if not names:
            return
        added = await self._store.flux.add(names, initial=initial)
        self._room -= len(added.new)
        self.taken += len(added.new)
        self.refused.update(added.refused.values())

    def _note(self) -> None:
        self._health.note(intake={"taken": self.taken, "ended": self.ended, "refused": dict(self.refused)})


def name_of(kind: Kind, value: str) -> str:
    """Return the name to watch for a listed domain or URL.

    Raises RefusedValue: `wrong_kind` (the URL's host is an address), `public_suffix`, `localhost`, `malformed`.
    """
    name = value
    if kind is Kind.URL:
        if "://" not in value:
            raise RefusedValue("malformed", value)  # findings hold what was forgotten as words
        name = host_of(value)
        if ":" in name or (not name[-1:].isalpha() and not name.rpartition(".")[2].startswith("xn--")):
            raise RefusedValue("wrong_kind", value)
    name = canonical_name(name)
    reason = why_refused(name)
    if reason is not None:
        raise RefusedValue(reason, value)
    return name


def _words(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else ()


def _looser(one: Tlp | None, other: Tlp | None) -> bool:
    return (one or Tlp.CLEAR) < (other or Tlp.CLEAR)
