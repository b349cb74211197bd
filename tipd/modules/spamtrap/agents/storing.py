"""Versions that lie here, verified, into the store: rows, campaigns and the cursor in one transaction each time."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.config import duration
from tipd.model.finding import NewFinding
from tipd.model.spam import PINNED, VERSION, SpamBatch, VersionMark
from tipd.modules.spamtrap.agents.reading import FindJob, Part, ReadJob, ReadResult
from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.modules.spamtrap.gathering import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.spam import Taken
    from tipd.modules.spamtrap.agents.needs import Ground
    from tipd.modules.spamtrap.agents.proofs import Proofs
    from tipd.modules.spamtrap.agents.verifying import Version

MODULE = "spamtrap"
READ = "tipd.modules.spamtrap.agents.reading:read"
FIND = "tipd.modules.spamtrap.agents.reading:find"
DEADLINE = 300.0  # seconds for a piece of a version
FIND_AT_ONCE = 200  # versions


class Storing:
    """Stores what one agent's view told."""

    def __init__(self, ground: Ground, name: str, proofs: Proofs) -> None:
        """`name`: as configured; `proofs`: where the versions lie."""
        self._ground = ground
        self._name = name
        self._proofs = proofs

    async def take(self, versions: Sequence[Version], *, pinned: bool = False) -> int:
        """Store versions, in order, that go on where the cursor stands; return how many mails were new.

        `pinned`: tell that the first one's key was taken at the first contact. Raises StoreAway, TryAgain,
        WorkerFailed, and Refusal where a version is not what its manifest says: those before it are stored then.
        """
        told = [self._pinned(versions[0])] if pinned else []
        parts = tuple(self._part(version) for version in versions)
        gone = {part.number for part in parts if not part.path}
        waiting, skip, new = list(versions), 0, 0
        while parts:
            job = ReadJob(rules=self._rules(), parts=parts, skip=skip)
            result = await self._ground.workers.call(READ, job, ReadResult, deadline=DEADLINE)
            for step in result.steps:
                whole = [version for version in waiting if version.n <= step.upto]
                waiting = waiting[len(whole) :]
                await self._owe(whole)
                taken = await self._take(self._marked(step.batch, whole, gone, told))
                new, told = new + taken.new, []
                await self._withdrawn(whole, taken)
            if result.bad is not None:
                raise Refusal(
                    "records", f"the lines are not those its manifest tells of: {result.bad[1]}", result.bad[0]
                )
            if result.refused:
                self._ground.log.warning("records that are none", agent=self._name, refused=result.refused)
            number, skip = result.next or (parts[-1].number + 1, 0)
            parts = tuple(part for part in parts if part.number >= number)
        return new

    async def _take(self, batch: SpamBatch) -> Taken:
        keep = duration(self._ground.settings.sighting_keep)
        return await self._ground.store.spam.take(batch, sighting_keep=keep)

    def _rules(self) -> Rules:
        now, settings = self._ground.clock.now(), self._ground.settings
        return Rules(
            source=self._name,
            now=now,
            since=now - duration(settings.sighting_keep),
            knowledge_dirs=settings.knowledge_dirs,
            trap_key=self._ground.trap_key,
        )

    def _part(self, version: Version) -> Part:
        said = version.manifest
        chain = self._proofs.chain
        path = str(chain.body(version.n)) if chain.has_body(version.n) else ""
        return Part(number=version.n, path=path, raw_bytes=said.raw_bytes, records=said.records)

    def _marked(
        self, batch: SpamBatch, whole: Sequence[Version], gone: set[int], told: Sequence[NewFinding]
    ) -> SpamBatch:
        """Return the batch with what goes with it: the cursor, what is taken back, findings."""
        return msgspec.structs.replace(
            batch,
            versions=tuple(self._mark(version, version.n in gone) for version in whole),
            withdraws=tuple(each for version in whole for each in withdrawn(version)),
            findings=(*told, *(self._told(version, version.n in gone) for version in whole)),
        )

    def _mark(self, version: Version, gone: bool) -> VersionMark:
        return VersionMark(
            agent=self._name,
            view=version.manifest.view,
            number=version.n,
            manifest=version.signed,
            sha256=bytes.fromhex(version.digest),
            key=base64.b64decode(version.next_key),
            gone=gone,
        )

    def _told(self, version: Version, gone: bool) -> NewFinding:
        said = version.manifest
        data = {"view": said.view, "version": said.n, "records": said.records, "sealed": said.sealed}
        data |= {"withdraws": len(said.withdraws)} if said.withdraws else {}
        data |= {"gone": True} if gone else {}
        data |= {"backlog": True} if said.backlog else {}
        return NewFinding(kind=VERSION, module=MODULE, source=self._name, data=data)

    def _pinned(self, version: Version) -> NewFinding:
        data = {"view": version.manifest.view, "key": version.manifest.key}
        return NewFinding(kind=PINNED, module=MODULE, source=self._name, data=data)

    async def _owe(self, whole: Sequence[Version]) -> None:
        """Note what must be removed once these versions are stored."""
        if hashes := [each for version in whole for each in withdrawn(version)]:
            await trio.to_thread.run_sync(self._proofs.owe, whole[-1].n, hashes)

    async def _withdrawn(self, whole: Sequence[Version], taken: Taken) -> None:
        """Remove the lines that hold what was taken back: whoever reads on from here must not get them."""
        if any(withdrawn(version) for version in whole):
            self._ground.log.info("records taken back", agent=self._name, withdrawn=taken.withdrawn)
            await self.settle()

    async def settle(self) -> bool:
        """Remove the lines that were to be, of what is stored; say whether any were. Raises WorkerFailed, OSError."""
        owed = await trio.to_thread.run_sync(self._proofs.owed)
        if owed is None:
            return False
        await bury(self._ground, self._proofs, tuple(bytes.fromhex(each) for each in owed.hashes), owed.upto)
        await trio.to_thread.run_sync(self._proofs.paid)
        return True


async def bury(ground: Ground, proofs: Proofs, hashes: tuple[bytes, ...], upto: int) -> list[int]:
    """Remove the lines of versions up to one that hold records of these mails; return the numbers."""
    parts = [
        Part(number=n, path=str(path), raw_bytes=proofs.version(n).manifest.raw_bytes)
        for n, path in await trio.to_thread.run_sync(lambda: list(proofs.bodies()))
        if n <= upto
    ]
    found: list[int] = []
    for start in range(0, len(parts), FIND_AT_ONCE):
        job = FindJob(parts=tuple(parts[start : start + FIND_AT_ONCE]), hashes=hashes)
        found += await ground.workers.call(FIND, job, tuple[int, ...], deadline=DEADLINE)
    for n in found:
        await trio.to_thread.run_sync(proofs.chain.bury, n)
    return found


def withdrawn(version: Version) -> list[bytes]:
    """Return the hashes a version takes back; what is none is left out."""
    hashes = []
    for text in version.manifest.withdraws:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            continue
        if len(raw) == 32:
            hashes.append(raw)
    return hashes
