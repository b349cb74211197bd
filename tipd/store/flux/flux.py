"""What the rest of tipd sees of fast-flux tracking in the store: `store.flux`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.errors import StoreAway
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.model.tracked import Added
from tipd.store.flux import adding, changing, listed, marks, networks, saving, states, thinning, unchosen
from tipd.store.flux.lease import Lease
from tipd.store.flux.reads import Reads
from tipd.store.sightings import LONG

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime, timedelta

    from tipd.clock import Clock
    from tipd.model.flux import Batch, KnownName, NewName
    from tipd.store.flux.networks import Joined
    from tipd.store.flux.thinning import Thinned
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

TRIES = 5


class Flux(Reads):
    """Tracked names, what the DNS said of them, and who probes; raises StoreAway while the database is away."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock, hash_seed: int) -> None:
        super().__init__(pool)
        self._writer = writer
        self._clock = clock
        self._seed = hash_seed
        self.lease = Lease(writer)

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    # --- names ------------------------------------------------------------------------------------------------------

    async def add(self, names: Sequence[NewName], *, initial: bool = False, max_tlp: Tlp = Tlp.RED) -> Added:
        """Take names under watch, at most 10,000; those that are there gain evidence, tags and note (`adding`).

        A name that the caller (`max_tlp`) could not see before counts as new for it. Raises ValueError for more names,
        a tag that is none, or a source that is not declared.
        """
        intake = await adding.read(names, self._seed)
        now = self._clock.now()
        new, known, blocked = await self._writer.write(adding.add, intake, now, initial, max_tlp, alone=True)
        refused = intake.refused | dict.fromkeys(blocked, adding.FORGOTTEN)
        return Added(new=tuple(new), known=tuple(known), refused=refused)

    async def edit(
        self,
        name: str,
        *,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        note: str | None = None,
        by: str = "",
    ) -> bool:
        """Change tags and note; False where there is no such name. Raises ValueError for a tag that is none."""
        adding.check_tags(add_tags)
        change = changing.Change(name, tuple(add_tags), tuple(remove_tags), note, by, self._clock.now())
        return await self._writer.write(changing.edit, change)

    async def drop(self, name: str, reason: str, by: str) -> bool:
        """Let a name go, as a person; False where there is none such, or it was let go before."""
        last = changing.Farewell(name, key_of(self._seed, Kind.DOMAIN, name), reason, by, self._clock.now())
        return await self._writer.write(changing.drop, last)

    async def remark(self) -> int:
        """Take the marks of all names anew, as their sources' are now; return how many changed."""
        return await marks.everything(self._writer)

    # --- the tracker ------------------------------------------------------------------------------------------------

    async def load(self, page: int = 5000) -> AsyncGenerator[list[KnownName]]:
        """Yield all names that are not dropped, by id, in pages."""
        after = 0
        while rows := await self._pool.run(states.load, after, page):
            yield states.of_rows(rows)
            after = rows[-1]["id"]

    async def changed_since(self, revision: int, limit: int = 5000) -> list[KnownName]:
        """Return the next names that somebody else than the tracker changed, dropped ones too, by revision."""
        return states.of_rows(await self._pool.run(states.changed_since, revision, limit))

    async def save(self, batch: Batch, *, vantage: str) -> None:
        """Store what the tracker gathered (see `saving`).

        Raises StoreAway where nothing is stored yet; from then on the database is waited for, so that whoever tries
        again counts nothing twice.
        """
        for number, part in enumerate(saving.parts(batch)):
            await self._save(part, vantage, begun=number > 0)

    async def _save(self, part: saving.Part, vantage: str, *, begun: bool) -> None:
        for left in range(TRIES - 1, -1, -1):
            shut = await self._shut(begun=begun) if part.runs or part.observations else frozenset()
            rows = await saving.ready(part, self._seed, shut)
            try:
                holder = self.lease.holder
                await self._writer.write(saving.store, rows, vantage, holder, findings=part.findings, alone=True)
            except saving.Moved:
                if not left:
                    raise
            else:
                return

    async def _shut(self, *, begun: bool) -> frozenset[int]:
        while True:
            try:
                return await self._pool.run(saving.shut)
            except StoreAway:
                if not begun:
                    raise
                await self._pool.wait_available()

    async def upkeep(self, now: datetime) -> None:
        """Do what is to be done every hour: months of look-up sets ahead, and what was forgotten long ago."""
        await self._writer.write(thinning.keep_up, now)

    # --- the module -------------------------------------------------------------------------------------------------

    async def join(self, groups: Sequence[Sequence[int]]) -> list[Joined]:
        """Make these groups of names (by id) the networks there are; return each one's number and who is new in it."""
        return await self._writer.write(networks.settle, groups, self._clock.now(), alone=True)

    async def listed(
        self, classes: Sequence[str], after: int | None, limit: int
    ) -> tuple[list[listed.Listed], int | None]:
        """Return a page of names and URLs that lists hold in these classes, and where the next begins (None: none)."""
        return await self._pool.within(LONG, listed.page, classes, after, limit)

    async def let_go_unchosen(self, classes: Sequence[str]) -> int:
        """Let all names go that nothing but lists of other classes brought; return how many that were."""
        gone, chosen = 0, list(classes)
        while ids := await self._pool.within(LONG, unchosen.find, chosen):
            gone += await self._writer.write(unchosen.let_go, ids, chosen, self._seed, self._clock.now(), alone=True)
        return gone

    async def ended(self, evidence: Sequence[tuple[str, str]]) -> int:
        """Note that sources list these names (name, source) no more; the names stay. Return how many that were."""
        return await self._writer.write(listed.ended, evidence, self._clock.now())

    async def hits(self, names: Sequence[str], addresses: Sequence[str], *, max_tlp: Tlp = Tlp.RED) -> dict[str, int]:
        """Return how many sources list each value now; values that nobody lists are left out."""
        keys = {key_of(self._seed, Kind.DOMAIN, name): name for name in names}
        for address in addresses:
            keys[key_of(self._seed, Kind.IPV6 if ":" in address else Kind.IPV4, address)] = address
        return await self._pool.run(listed.hits, keys, max_tlp)

    async def followed(self, root: str) -> int:
        """Return how many names came by walks that began at this value."""
        return await self._pool.within(LONG, listed.followed, root)

    async def thin(self, max_bytes: int, keep_samples: timedelta) -> Thinned:
        """Drop look-up sets older than `keep_samples`; then, over `max_bytes`, the oldest of everything (`thinning`).

        Raises TryAgain where readers are in the way for too long.
        """
        now = self._clock.now()
        months = await self._writer.write(thinning.drop_months, now - keep_samples, alone=True)
        rows = 0
        sizes = await self._pool.within(LONG, thinning.take_stock)
        while sum(sizes.values()) > max_bytes:
            oldest = await self._pool.run(thinning.oldest_month)
            if oldest is not None:
                months += await self._writer.write(thinning.drop_months, oldest[1], alone=True)
            else:
                gone = await self._delete_oldest(sizes)
                if not gone:
                    break
                rows += gone
            sizes = await self._pool.within(LONG, thinning.take_stock)
        return thinning.Thinned(months, rows, sum(sizes.values()))

    async def _delete_oldest(self, sizes: dict[str, int]) -> int:
        """Delete the oldest rows of the greatest table; return how many."""
        for table in sorted(sizes, key=lambda table: sizes[table], reverse=True):
            edge = await self._pool.within(LONG, thinning.edge, table)
            gone = 0
            while edge is not None and (part := await self._writer.write(thinning.delete_old, table, edge, alone=True)):
                gone += part
            if gone:
                return gone
        return 0
