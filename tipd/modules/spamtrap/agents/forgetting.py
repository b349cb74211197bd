"""Forget a value in the versions that lie here: the lines of those that name it are removed, their manifests stay.

Whatever an agent's folder holds is looked through: chains, chains that were set aside, lines that are still coming, and
what others pushed and nobody took yet.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import batched
from typing import TYPE_CHECKING, Protocol

import trio

from tipd.agent.chain import BODY, Chain
from tipd.agent.durable import write
from tipd.errors import WorkerFailed
from tipd.modules.spamtrap.agents.proofs import AGENTS
from tipd.modules.spamtrap.agents.seeking import SeekJob
from tipd.modules.spamtrap.settings import inbox_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tipd.modules.spamtrap.agents.needs import Ground, Workers
    from tipd.modules.spamtrap.agents.proofs import Proofs
    from tipd.modules.spamtrap.settings import SpamtrapSettings

SEEK = "tipd.modules.spamtrap.agents.seeking:seek"
AT_ONCE = 25  # versions a call
WITHIN = 600.0  # seconds a call
LOOKED = ".looked_through"  # up to which version nothing lies in a chain that is never to be taken in again


class Seeded(Protocol):
    """The store, as far as this goes: it draws keys with a seed, another one where its database was exchanged."""

    @property
    def hash_seed(self) -> int:
        """The seed."""
        ...


class Versions:
    """Those below the folders of one daemon."""

    def __init__(self, settings: SpamtrapSettings, state_dir: Path, workers: Workers, store: Seeded) -> None:
        """Nothing is looked at yet."""
        self._roots = (state_dir / AGENTS, inbox_of(settings, state_dir))
        self._workers = workers
        self._store = store

    async def without(self, text: str, keys: Sequence[int]) -> int:
        """Remove the lines of versions that name the text, or what one of the keys stands for; return how many."""
        paths = await trio.to_thread.run_sync(self._all)
        job = SeekJob(paths=(), keys=tuple(keys), seed=self._store.hash_seed, text=text)
        found = await seek(self._workers, paths, job)
        for path in found:
            await trio.to_thread.run_sync(_remove, path)
        return len(found)

    def _all(self) -> list[Path]:
        return [
            path
            for root in self._roots
            for pattern in (f"*/*/*{BODY}", "*/*/.incoming/*", f"*/*/.*{BODY}.tmp")
            for path in sorted(root.glob(pattern))
            if path.is_file() and not path.is_symlink()
        ]


def _remove(path: Path) -> None:
    stem = path.name.removesuffix(BODY)
    if stem.isdecimal() and stem.isascii():
        Chain(path.parent).bury(int(stem))
    else:
        path.unlink(missing_ok=True)


async def seek(workers: Workers, paths: Sequence[Path], job: SeekJob) -> list[Path]:
    """Return those that name what is sought, or cannot be looked through."""
    found: list[Path] = []
    for part in batched(paths, AT_ONCE, strict=False):
        asked = SeekJob(paths=tuple(map(str, part)), keys=job.keys, seed=job.seed, text=job.text)
        try:
            places = await workers.call(SEEK, asked, tuple[int, ...], deadline=WITHIN)
        except WorkerFailed:
            if len(part) == 1:
                found += part
            else:
                for path in part:
                    found += await seek(workers, [path], job)
            continue
        found += [part[place] for place in places]
    return found


async def look_through(ground: Ground, proofs: Proofs, upto: int) -> bool:
    """Remove the lines of versions up to one that name what is never to be taken in again; say whether there was more.

    To be done once they are stored, and before they are shown to anybody. What was looked through is noted beside
    them, so that a kill between storing and this leaves nothing. Raises StoreAway, OSError.
    """
    start = await trio.to_thread.run_sync(looked, proofs.folder) or 0
    if start > upto:
        start = 0  # another chain lies here than then
    blocked = await ground.store.proofs.blocked() if start < upto else []
    if blocked:
        bodies = await trio.to_thread.run_sync(lambda: list(proofs.bodies()))
        fresh = {path: n for n, path in bodies if start < n <= upto}
        job = SeekJob(paths=(), keys=tuple(blocked), seed=ground.store.hash_seed)
        for path in await seek(ground.workers, list(fresh), job):
            await trio.to_thread.run_sync(proofs.chain.bury, fresh[path])
    if start < upto:
        await trio.to_thread.run_sync(_note, proofs.folder, upto)
    return start < upto


def looked(folder: Path) -> int | None:
    """Return up to which version a chain was looked through; None where it never was."""
    with suppress(OSError, ValueError):
        return int((folder / LOOKED).read_text())
    return None


def _note(folder: Path, upto: int) -> None:
    write(folder / LOOKED, b"%d\n" % upto, durable=False)
