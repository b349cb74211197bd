"""One agent's view: what it has and we lack, verified, put down, stored. The last good cursor stays, whatever comes.

    Pull(ground, source, origin).all()

takes what lies here beyond the cursor first (we were stopped between file and store), then what the origin has. Lines
of several versions come at once, and are stored while the next ones come.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.agent.chain import ChainError
from tipd.agent.protocol import digest
from tipd.modules.spamtrap.agents.anchor import Wanted, anchored, expected
from tipd.modules.spamtrap.agents.forgetting import look_through
from tipd.modules.spamtrap.agents.origin import INLINE, AwayError
from tipd.modules.spamtrap.agents.proofs import Proofs
from tipd.modules.spamtrap.agents.storing import Storing, withdrawn
from tipd.modules.spamtrap.agents.verifying import Course, Refusal, clock, follow, not_shorter, same

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tipd.agent.protocol import Manifest
    from tipd.model.spam import Cursor
    from tipd.modules.spamtrap.agents.needs import Ground
    from tipd.modules.spamtrap.agents.origin import Lines, Listing, Origin
    from tipd.modules.spamtrap.agents.verifying import Version
    from tipd.modules.spamtrap.settings import AgentSource

AT_ONCE = 4  # downloads
MOST_VERSIONS = 256  # put down and stored together
MOST_BYTES = 64 * 2**20
MOST_HELD = 8 * 2**20  # of it in memory: two hundred agents may come at once


@dataclass(slots=True)
class Progress:
    """What a pull did, and how far the agent is ahead."""

    view: str = ""
    last: int = 0
    last_there: int = 0
    mails: int = 0
    versions: int = 0


@dataclass(slots=True)
class _Bundle:
    versions: list[Version] = field(default_factory=list)
    lines: list[Lines | None] = field(default_factory=list)


class Pull:
    """Used by one task; `all` as often as there may be more."""

    def __init__(
        self,
        ground: Ground,
        source: AgentSource,
        origin: Origin,
        mark: Callable[[Sequence[Manifest]], Awaitable[None]],
        on_kept: Callable[[str, int], Awaitable[None]] | None = None,
    ) -> None:
        """`mark` is told what versions say of themselves before they are stored, `on_kept(view, n)` after they were."""
        self._ground = ground
        self._source = source
        self._origin = origin
        self._mark = mark
        self._on_kept = on_kept
        self._proofs: Proofs | None = None
        self._stored = 0
        self._expected: dict[int, str] = {}
        self._pins = False
        self.progress = Progress(view=source.view)

    async def all(self) -> None:
        """Take all there is. Raises AwayError, Refusal, StoreAway, TryAgain, WorkerFailed and OSError."""
        while True:
            proofs = self._proofs or await self._begin()
            course = await trio.to_thread.run_sync(proofs.course)
            listing = await self._origin.listing(max(0, course.number - 1))
            self._look(listing, course)
            manifests = listing.manifests
            if course.number and manifests and _number(manifests[0]) == course.number:
                same(course, manifests[0])
                manifests = manifests[1:]
            if course.number == 0:
                course = Course(agent=self._source.agent, view=self.progress.view)
            # A thousand signatures take a third of a second.
            versions, refusal = await trio.to_thread.run_sync(self._followed, course, manifests)
            if versions:
                await self._bring(proofs, versions)
            if refusal is not None:
                raise refusal
            if not versions:
                return

    async def _begin(self) -> Proofs:
        """Find the view, look at what lies here, and take of it what the store lacks."""
        view = self._source.view or self.progress.view
        if not view:
            view = (await self._origin.listing(0)).view
            if not view:
                raise AwayError("unreachable", "the agent has sealed nothing yet")
        self.progress.view = view
        proofs = await trio.to_thread.run_sync(Proofs, self._ground.root, self._source.name, view)
        await trio.to_thread.run_sync(proofs.sweep)
        cursors = await self._ground.store.spam.cursors()
        cursor = cursors.get((self._source.name, view))
        self._stored = cursor.number if cursor else 0
        if cursor is not None and not await trio.to_thread.run_sync(_stands_on, proofs, cursor):
            aside = await trio.to_thread.run_sync(proofs.set_aside)
            self._ground.log.warning(
                "another chain lay in the agent's folder", agent=self._source.name, moved=str(aside)
            )
        await self._expect(proofs, cursor, _trusted(self._source, cursors))
        if proofs.last > self._stored:
            await self._backlog(proofs)
        settled = await Storing(self._ground, self._source.name, proofs).settle()
        looked = await look_through(self._ground, proofs, self._stored)
        if (settled or looked) and self._on_kept is not None:
            await self._on_kept(view, self._stored)
        self._proofs = proofs
        self.progress.last = self._stored
        return proofs

    async def _expect(self, proofs: Proofs, cursor: Cursor | None, keys: frozenset[str]) -> None:
        """Walk over what is to be brought again, or for the first time, before it is believed."""
        wanted = Wanted()
        if cursor is not None and proofs.last < cursor.number:
            wanted = Wanted(number=cursor.number, digest=cursor.manifest_sha256.hex())
        elif cursor is not None or proofs.last:
            given = self._source.public_key
            if given and given not in await trio.to_thread.run_sync(_keys, proofs):
                wanted = Wanted(keys=frozenset({given}))
        else:
            wanted = Wanted(keys=keys)
        self._pins = wanted.anything and not proofs.last
        if not wanted.anything:
            course = await trio.to_thread.run_sync(proofs.course)
            self._expected = await anchored(self._origin, course, wanted, self._ground.clock.now)

    async def _backlog(self, proofs: Proofs) -> None:
        """Store what lies here beyond the cursor, verified once more: it lay on a disk."""
        start = self._stored
        links = await trio.to_thread.run_sync(lambda: list(proofs.chain.check(since=start)))
        for link in links:
            if link.state == "bad":
                aside = await trio.to_thread.run_sync(proofs.set_aside)
                raise AwayError("unreachable", f"version {link.n} is damaged here ({link.reason}); moved to {aside}")
        for at in range(0, len(links), MOST_VERSIONS):
            versions = [proofs.version(link.n) for link in links[at : at + MOST_VERSIONS]]
            await self._store(proofs, versions)

    def _look(self, listing: Listing, course: Course) -> None:
        """Compare what is listed with what is known; raises Refusal."""
        self.progress.last_there = listing.last
        clock(listing.date, self._ground.clock.now())
        not_shorter(course, listing.last)
        if listing.view and listing.view != self.progress.view and listing.manifests:
            raise Refusal("view", f"it gives view {listing.view[:64]!r}, not {self.progress.view!r}")

    def _followed(self, course: Course, manifests: Sequence[bytes]) -> tuple[list[Version], Refusal | None]:
        """Return the versions that are believed, and what ends them."""
        versions: list[Version] = []
        try:
            for data in manifests:
                version, course = follow(course, data, self._ground.clock.now())
                expected(self._expected, version.n, version.digest)
                versions.append(version)
        except Refusal as refusal:
            return versions, refusal
        return versions, None

    async def _bring(self, proofs: Proofs, versions: Sequence[Version]) -> None:
        """Bring the lines of verified versions; those of one bundle are stored while the next one's come."""
        send, receive = trio.open_memory_channel[_Bundle](0)
        failed: list[Exception] = []

        async def fetch() -> None:
            async with send:
                for bundle in _bundles(versions):
                    try:
                        await self._fetch(proofs, bundle)
                    except (AwayError, Refusal, OSError, ChainError) as error:
                        failed.append(error)
                        return
                    await send.send(bundle)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fetch)
            async with receive:
                async for bundle in receive:
                    if failed_to_store := await self._try_store(proofs, bundle.versions):
                        failed.append(failed_to_store)
                        nursery.cancel_scope.cancel()
                        break
        if failed:
            self._proofs = None  # what is ahead of the cursor is taken from the files the next time
            raise failed[0]

    async def _try_store(self, proofs: Proofs, versions: Sequence[Version]) -> Exception | None:
        try:
            await self._store(proofs, versions)
        except Exception as error:
            return error
        return None

    async def _fetch(self, proofs: Proofs, bundle: _Bundle) -> None:
        """Bring the lines of a bundle, several at once, and put all that came down; raises the first failure."""
        lines: dict[int, Lines | None] = {}
        failed: dict[int, Exception] = {}
        limiter = trio.CapacityLimiter(AT_ONCE)

        async def one(version: Version) -> None:
            async with limiter:
                if failed:
                    return
                try:
                    lines[version.n] = await self._origin.lines(version.manifest, proofs.part(version.n))
                except (AwayError, Refusal, OSError) as error:
                    failed[version.n] = error

        async with trio.open_nursery() as nursery:
            for version in bundle.versions:
                nursery.start_soon(one, version)
        good = bundle.versions
        for place, version in enumerate(good):
            if version.n not in lines:
                good = good[:place]
                break
        if good:
            await trio.to_thread.run_sync(proofs.put, [(version, lines[version.n]) for version in good])
        if failed:
            raise failed[min(failed)]

    async def _store(self, proofs: Proofs, versions: Sequence[Version]) -> None:
        """Store versions that lie here; those that were stored before are passed over."""
        fresh = [version for version in versions if version.n > self._stored]
        if fresh:
            await self._mark([version.manifest for version in fresh])
            storing = Storing(self._ground, self._source.name, proofs)
            self.progress.mails += await storing.take(fresh, pinned=self._pins and fresh[0].n == 1)
            await look_through(self._ground, proofs, fresh[-1].n)
            self._stored = fresh[-1].n
            self.progress.versions += len(fresh)
        self.progress.last = max(self._stored, 0)
        await self._origin.taken(self._stored)
        if self._on_kept is not None:
            await self._on_kept(self.progress.view, self._stored)


def _bundles(versions: Sequence[Version]) -> list[_Bundle]:
    """Part versions into what is put down and stored together; what takes records back ends one."""
    bundles, size, held = [_Bundle()], 0, 0
    for version in versions:
        more = version.manifest.bytes
        inline = more if more <= INLINE else 0
        full = len(bundles[-1].versions) >= MOST_VERSIONS or size + more > MOST_BYTES or held + inline > MOST_HELD
        if bundles[-1].versions and (full or withdrawn(bundles[-1].versions[-1])):
            bundles.append(_Bundle())
            size = held = 0
        bundles[-1].versions.append(version)
        size, held = size + more, held + inline
    return bundles


class _Numbered(msgspec.Struct):
    n: int = 0


def _number(data: bytes) -> int:
    """Return the number a manifest says; 0 where it says none."""
    try:
        return msgspec.json.decode(data, type=_Numbered).n
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return 0


def _stands_on(proofs: Proofs, cursor: Cursor) -> bool:
    """Whether what lies here is the chain the cursor stands on, as far as it reaches."""
    try:
        return (
            proofs.last < cursor.number or digest(proofs.chain.manifest(cursor.number)) == cursor.manifest_sha256.hex()
        )
    except (OSError, ChainError):
        return False


def _keys(proofs: Proofs) -> set[str]:
    """Return the keys that signed what lies here."""
    return {proofs.version(n).manifest.key for n in range(1, proofs.last + 1)}


def _trusted(source: AgentSource, cursors: Mapping[tuple[str, str], Cursor]) -> frozenset[str]:
    """Return the keys of which one must have signed a chain that is met for the first time; none: it is pinned."""
    if source.public_key:
        return frozenset({source.public_key})
    others = (cursor.key for (name, _), cursor in cursors.items() if name == source.name)
    return frozenset(base64.b64encode(key).decode() for key in others)
