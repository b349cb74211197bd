"""The agent at work: looks at its folders, reads what is new, seals what gathered, and lets go what is old.

```
run ── looking   folders → what is new, newest first → ledger; a backlog in slices, taking turns
    ├─ sealing   each view: enough lines, or the first has waited long enough → version N
    ├─ tending   expire, retention, forgetting
    └─ (what the caller adds: the server)
```
What is expected to go wrong (a full disk, a folder without rights, no process to be had) is logged, and tried again.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import trio

from tipd.agent import maildir, mbox
from tipd.agent.budget import Budget, room
from tipd.agent.expire import expire, sweep
from tipd.agent.folders import SLICE, Folder
from tipd.agent.hints import Hints
from tipd.agent.host import Host
from tipd.agent.reading import Entry
from tipd.agent.taking import Taking, bytes_of
from tipd.config import duration, size
from tipd.errors import ConfigError, TipdError, WorkerFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.agent.maildir import Box

_FIND = 60.0  # seconds between two looks at which maildirs there are
_TEND = 300.0
_SWEEP = 86400.0  # seconds between two looks for mails that went away by themselves
_FIRST_SWEEP = 3600.0  # seconds after the start: one who starts anew each night sweeps too
_COALESCE = 0.2
_TICK = 1.0
_LONGEST_PAUSE = 60.0
_FORGET = 5000
TROUBLE = (OSError, sqlite3.Error, WorkerFailed, ConfigError)


class _Pause:
    """How long a task waits after trouble; doubles while it lasts."""

    seconds = 0.0


class Agent:
    """One agent at work. `facts` says how it fares."""

    def __init__(self, host: Host) -> None:
        """Needs trio to run; `host` is not closed here."""
        self.host = host
        self.settings = host.config.agent
        self.trouble: dict[str, str] = {}  # by task: what keeps it from working
        self.folders: dict[bytes, Folder] = {}
        self.boxes: list[Box] = []
        share = self.settings.cpu / self.settings.workers
        self.budget = Budget(share, self.settings.max_load)
        self.taking: Taking | None = None
        self._taken_views: frozenset[str] = frozenset()
        self._hints = Hints()
        self._found_at = float("-inf")
        self._swept_at = trio.current_time() - _SWEEP + _FIRST_SWEEP
        self._since: dict[str, float] = {}
        self._to_recover: set[str] = set()
        self._sealing = trio.CapacityLimiter(1)
        self._pauses: dict[str, _Pause] = {}

    # --- looking -----------------------------------------------------------------------------------------------------

    async def looking(self) -> None:
        """Look, take, wait for a hint or for the time, for ever."""
        try:
            while True:
                with self._said("looking") as pause:
                    self._has_room()
                    await self.find()
                    behind = await self.look()
                    if behind:
                        continue
                await trio.sleep(pause.seconds or _COALESCE)
                with trio.move_on_after(self.settings.seconds("look_every")):
                    await self._hints.wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """End the reading processes."""
        if self.taking is not None:
            await self.taking.close()
        self._hints.close()

    async def look(self) -> bool:
        """Look at each folder once and take what is new, and a slice of its backlog; return whether more waits."""
        behind = False
        for folder in list(self.folders.values()):
            behind |= await self._look_at(folder)
        for box in [each for each in self.boxes if each.mbox]:
            behind |= await self._look_at_mbox(box)
        return behind

    async def _look_at(self, folder: Folder) -> bool:
        listing = folder.listing
        if folder.is_due(trio.current_time()):
            begun = trio.current_time()
            wall = int(self.host.clock.now().timestamp() * 1e9)
            try:
                new = await trio.to_thread.run_sync(folder.look, begun, wall)
                folder.fault = ""
            except OSError as error:
                self._fault(folder, error)
                return False
            folder.took = trio.current_time() - begun
            await self._take(folder, new)
        if listing.behind:
            older = await trio.to_thread.run_sync(folder.older)
            folder.took_slice(known=not await self._take(folder, older))
        return listing.behind

    async def _take(self, folder: Folder, names: list[bytes]) -> bool:
        """Take some mails; return whether any was not known."""
        if not names:
            return False
        taking = await self._reads()
        before = taking.counts.total()
        try:
            settled = await taking.names(folder.box, folder.path, names)
        except BaseException:
            folder.listing.again()
            raise
        if not settled:
            folder.trouble(trio.current_time())
        return taking.counts.total() > before

    def _fault(self, folder: Folder, error: OSError) -> None:
        """Say once that a folder cannot be listed; one that went away is no defect."""
        said = error.strerror or str(error)
        if said != folder.fault and not isinstance(error, FileNotFoundError):
            self.host.log.warning("a folder cannot be listed", folder=os.fsdecode(folder.path), error=said)
        folder.fault = said

    async def _look_at_mbox(self, box: Box) -> bool:
        path = bytes_of(box)
        name = path.rpartition(b"/")[2]
        folder = path.rpartition(b"/")[0] or b"/"
        try:
            before = self.host.ledger.position(path)
            now = self.host.clock.now().timestamp()
            found = await trio.to_thread.run_sync(mbox.look, path, before, now, SLICE)
        except (OSError, maildir.RefusedMail) as error:
            self.trouble[str(box.path)] = str(error)
            return False
        self.trouble.pop(str(box.path), None)
        if found is None:
            return False
        taking, settings = await self._reads(), box.settings
        views = taking.views_of(box)
        entries = [
            Entry(
                folder=folder,
                name=name,
                trap=settings.trap,
                recipients=settings.recipients,
                views=views,
                offset=each.place,
                length=each.length,
            )
            for each in found.messages
        ]
        settled = await taking.entries(box, entries, found.position, partial(mbox.is_still, path, found.position))
        return settled and len(found.messages) >= SLICE

    async def find(self) -> None:
        """See which maildirs and folders there are now, if it is time to."""
        now = trio.current_time()
        if now - self._found_at < _FIND:
            return
        self.boxes, faults = await trio.to_thread.run_sync(maildir.boxes, self.settings.folders)
        found: dict[bytes, Folder] = {}
        for box in self.boxes:
            paths, fault = await trio.to_thread.run_sync(_folders_of, box)
            faults += [fault] if fault else []
            for path in paths:
                known = self.folders.get(path)
                found[path] = known if known is not None and known.box == box else Folder(box, path)
        for fault in faults:
            if fault not in self.trouble.values():
                self.host.log.warning("a maildir cannot be read", error=fault)
        self.trouble = {key: text for key, text in self.trouble.items() if not key.startswith("/")}
        self.trouble |= {fault.partition(":")[0]: fault for fault in faults}
        self.folders = found
        self._hints.watch(found)
        self._found_at = now

    async def _reads(self) -> Taking:
        """Return what reads mails for the views there are now."""
        views = frozenset(self.host.chains)
        if self.taking is None or views != self._taken_views:
            host, before = self.host, self.taking
            keys = {view: host.keys.of_view(view) for view in views}
            self.taking = Taking(
                host.config, keys, ledger=host.ledger, budget=self.budget, clock=host.clock, log=host.log
            )
            self._taken_views = views
            if before is not None:
                await self.taking.replaces(before)
        return self.taking

    # --- sealing -----------------------------------------------------------------------------------------------------

    async def sealing(self) -> None:
        """Seal each view when it is time to, for ever."""
        for view in self.host.chains:  # what gathered before the start has waited long enough
            self._since[view] = float("-inf")
        while True:
            with self._said("sealing") as pause:
                self.host.hold.check()
                self._has_room()
                await self.seal()
            await trio.sleep(pause.seconds or _TICK)

    async def seal(self, *, all_of_it: bool = False) -> int:
        """Seal what is due, or whatever waits; return how many versions were sealed."""
        sealed = 0
        for view in list(self.host.chains):
            if view in self._to_recover:
                missed = await trio.to_thread.run_sync(self.host.sealer.recover, view, limiter=self._sealing)
                self._to_recover.discard(view)
                if missed:  # it was there after all
                    self.host.sealer.tell(view, self.host.chains[view].last)
            while await trio.to_thread.run_sync(self._due, view, trio.current_time(), all_of_it, limiter=self._sealing):
                n = await self._seal(view)
                if not n:
                    break
                sealed += 1
                self._since.pop(view, None)
                self.host.sealer.tell(view, n)
        return sealed

    async def _seal(self, view: str) -> int:
        sealer = self.host.sealer
        self._to_recover.add(view)

        def write() -> int:
            return sealer.seal(view, self.settings.seal_records, backlog=self.behind)

        n = await trio.to_thread.run_sync(write, limiter=self._sealing)
        self._to_recover.discard(view)
        return n

    def _due(self, view: str, now: float, all_of_it: bool) -> bool:
        most = self.settings.seal_records
        ledger = self.host.ledger
        if ledger.withdrawals(view, 1):
            return True
        waiting = ledger.waiting(view, self.host.clock.now().timestamp(), most)
        if not waiting:
            self._since.pop(view, None)
            return False
        since = self._since.setdefault(view, now)
        return all_of_it or waiting >= most or now - since >= self.settings.seconds("seal_after")

    @property
    def behind(self) -> bool:
        """Whether older mails wait to be read."""
        return any(folder.listing.behind for folder in self.folders.values())

    # --- tending -----------------------------------------------------------------------------------------------------

    async def tending(self) -> None:
        """Expire, retain and forget, for ever."""
        while True:
            with self._said("tending"):
                await self.tend()
            await trio.sleep(_TEND)

    async def tend(self) -> None:
        """Remove mails whose time has come, lines of old versions, and what is known of mails long gone."""
        host, now = self.host, self.host.clock.now().timestamp()
        for box in self.boxes:
            found = await trio.to_thread.run_sync(expire, box, host.ledger, now)
            if found.fault:
                host.log.warning("mails cannot be expired", maildir=str(box.path), error=found.fault)
            if found.removed:
                host.log.info("mails expired", maildir=str(box.path), count=found.removed)
        buried = await trio.to_thread.run_sync(host.retain, limiter=self._sealing)
        if buried:
            host.log.info("lines of old versions were removed", count=buried)
        before = now - duration(self.settings.forget_after).total_seconds()
        while await trio.to_thread.run_sync(host.ledger.forget, before, _FORGET) == _FORGET:
            pass
        if trio.current_time() - self._swept_at >= _SWEEP:
            for box in self.boxes:
                await trio.to_thread.run_sync(sweep, box, host.ledger, now)
            self._swept_at = trio.current_time()
        host.keys.retire(chain.key_after(chain.last) for chain in host.chains.values() if chain.last)

    # --- trouble -----------------------------------------------------------------------------------------------------

    def _has_room(self) -> None:
        """Raise OSError where the disk is too full to go on."""
        free = room(self.host.config.state_dir)
        if free < size(self.settings.min_free):
            raise OSError(28, f"{free} bytes are free on the disk of {self.host.config.state_dir}")

    @contextmanager
    def _said(self, task: str) -> Iterator[_Pause]:
        """Log trouble that is to be expected, once for each text, and say how long to wait before the next attempt."""
        pause = self._pauses.setdefault(task, _Pause())
        try:
            yield pause
        except TROUBLE as error:
            text = f"{type(error).__name__}: {error}"
            if self.trouble.get(task) != text:
                self.host.log.error(f"{task} must wait", error=text)
            self.trouble[task] = text
            pause.seconds = min(_LONGEST_PAUSE, max(1.0, pause.seconds * 2))
        else:
            if self.trouble.pop(task, None):
                self.host.log.info(f"{task} goes on")
            pause.seconds = 0.0


def _folders_of(box: Box) -> tuple[list[bytes], str]:
    """Return the folders of a maildir, and what keeps some from being found."""
    found: list[bytes] = []
    try:
        found.extend(() if box.mbox else box.folders())
    except FileNotFoundError:
        pass
    except OSError as error:
        return found, f"{box.path}: {error.strerror}"
    return found, ""


async def run(host: Host, *, task_status: trio.TaskStatus[Agent] = trio.TASK_STATUS_IGNORED) -> None:
    """Work until cancelled; tells the agent at work to whoever starts it. Raises TipdError where it cannot go on."""
    agent = Agent(host)
    fault: TipdError | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(agent.looking)
            nursery.start_soon(agent.sealing)
            nursery.start_soon(agent.tending)
            task_status.started(agent)
    except* TipdError as group:
        fault = next(each for each in _leaves(group) if isinstance(each, TipdError))
    if fault is not None:
        raise fault


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


async def once(host: Host) -> Agent:
    """Take all there is, seal it, and return."""
    agent = Agent(host)
    try:
        await agent.find()
        while await agent.look():
            pass
        while await agent.seal(all_of_it=True):
            pass
    finally:
        await agent.close()
    return agent
