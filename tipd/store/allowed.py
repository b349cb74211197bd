"""The operator's allowlist, stored and in memory: a veto when something is read, never a loss at intake.

Held in memory by every process, so that asking it costs no query and works while the database is away; a change by any
process is heard through NOTIFY and read before the next answer. What is removed or has ended stays in its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import StoreAway
from tipd.model.allow import Allowance, AllowList
from tipd.model.finding import ALLOW_ADDED, ALLOW_REMOVED, NewFinding
from tipd.model.indicator import Indicator
from tipd.model.kind import CODE_OF, KIND_OF
from tipd.store import audit
from tipd.store.text import storable

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.model.tlp import Tlp
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

LONGEST_REASON = 2000  # characters
_CHANNEL = "tipd_allowed"
_MODULE = "operator"
_AGAIN = 0.1  # seconds
_COLUMNS = "kind, value, reason, by, created, until"
_STANDING = f"SELECT {_COLUMNS} FROM allowed WHERE removed IS NULL AND (until IS NULL OR until > $1) ORDER BY id"  # noqa: S608
_END = f"UPDATE allowed SET removed = $3 WHERE kind = $1 AND value = $2 AND removed IS NULL RETURNING {_COLUMNS}"  # noqa: S608
_ADD = f"INSERT INTO allowed ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608


class Allowed:
    """Adds, removes and tells what is allowed."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock
        self._list = AllowList()
        self._changes = 1  # heard of; the list is as of `_read`
        self._read = 0
        self._reading = trio.Lock()
        self._away = False  # when it was read last
        self._woken = trio.Event()
        pool.listen(_CHANNEL, self._heard)

    @property
    def now(self) -> AllowList:
        """Return what is allowed at this moment, as far as this process has read."""
        self._list = self._list.at(self._clock.now())
        return self._list

    async def fresh(self) -> AllowList:
        """Return what is allowed at this moment, whichever process changed it; while the store is away, what was known.

        Asks the database only after a change was heard of; the same list is the same object.
        """
        if self._read != self._changes:
            others = self._reading.locked()
            async with self._reading:  # one reads for all that ask at once
                if not (others and self._away):
                    await self._look()
        return self.now

    async def _look(self) -> None:
        changes = self._changes
        if self._read == changes:
            return
        try:
            rows = await self._pool.run(_standing, self._clock.now())
        except StoreAway:
            self._away = True
            return
        self._away = False
        # Ten thousand entries take a tenth of a second.
        self._list = await trio.to_thread.run_sync(_list_of, rows, self._list)
        self._read = changes

    async def add(
        self, indicator: Indicator, reason: str, by: str, until: datetime | None = None, *, tlp: Tlp | None = None
    ) -> Allowance:
        """Allow an indicator at once, in the place of what was said of it before. Told as `allow.added`, audited.

        `tlp`: the mark of what is told, where naming the value betrays more than that an operator did something.
        Raises ValueError for an empty reason or an end that has passed; StoreAway.
        """
        reason = storable(reason).strip()[:LONGEST_REASON]
        now = self._clock.now()
        if not reason:
            raise ValueError("a reason is needed: whoever reads this in a year wants to know why")
        if until is not None and until <= now:
            raise ValueError("it would end before it begins")
        entry = Allowance(kind=indicator.kind, value=indicator.value, reason=reason, by=by, created=now, until=until)
        told = _told(ALLOW_ADDED, indicator, {"reason": reason, "by": by, "until": until}, tlp)
        await self._writer.write(_add, entry, findings=[told])
        self._heard()
        await self.fresh()  # so that whoever is answered finds it in `now` too
        return entry

    async def remove(self, indicator: Indicator, reason: str, by: str, *, tlp: Tlp | None = None) -> Allowance | None:
        """End what was allowed; return it, None where nothing stood. Told as `allow.removed`, audited."""
        reason = storable(reason).strip()[:LONGEST_REASON]
        told = _told(ALLOW_REMOVED, indicator, {"reason": reason, "by": by}, tlp)
        try:
            row = await self._writer.write(_remove, indicator, reason, by, self._clock.now(), findings=[told])
        except LookupError:
            return None
        self._heard()
        await self.fresh()
        return _allowance(row)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Read whatever changes at once, for ever, so that `now` is what the database has."""
        task_status.started()
        while True:
            self._woken = trio.Event()
            await self.fresh()
            if self._read == self._changes:
                await self._woken.wait()
            else:  # the database is away, or it changed meanwhile
                await self._pool.wait_available()
                await trio.sleep(_AGAIN)

    def begin_anew(self) -> None:
        """Read again before the next answer."""
        self._heard()

    def _heard(self, _payload: str | None = None) -> None:
        self._changes += 1
        self._woken.set()


def _told(kind: str, subject: Indicator, facts: dict[str, Any], tlp: Tlp | None) -> NewFinding:
    return NewFinding(kind=kind, module=_MODULE, subject=subject, data=facts, tlp=tlp)


def _allowance(row: Row) -> Allowance:
    return Allowance(**{**row, "kind": KIND_OF[row["kind"]]})


def _list_of(rows: list[Row], known: AllowList) -> AllowList:
    """Return the rows as a list; the one that is known where it says the same."""
    entries = tuple(_allowance(row) for row in rows)
    return known if entries == known.entries else AllowList.of(entries)


async def _standing(connection: Connection, now: datetime) -> list[Row]:
    return await connection.fetch(_STANDING, now)


async def _add(connection: Connection, entry: Allowance) -> None:
    code = CODE_OF[entry.kind]
    await connection.fetch(_END, code, entry.value, entry.created)
    await connection.execute(_ADD, code, entry.value, entry.reason, entry.by, entry.created, entry.until)
    facts = {"until": entry.until} if entry.until else None
    subject = f"{entry.kind} {entry.value}"
    await audit.insert(connection, entry.created, entry.by, ALLOW_ADDED, subject, entry.reason, facts)
    await told_changed(connection)


async def _remove(connection: Connection, indicator: Indicator, reason: str, by: str, at: datetime) -> Row:
    row = await connection.fetchrow(_END, CODE_OF[indicator.kind], indicator.value, at)
    if row is None or (row["until"] is not None and row["until"] <= at):  # raised, so that nothing is told either
        raise LookupError(indicator.value)
    await audit.insert(connection, at, by, ALLOW_REMOVED, f"{indicator.kind} {indicator.value}", reason)
    await told_changed(connection)
    return row


async def told_changed(connection: Connection) -> None:
    """Let every process read the list again, once this transaction is committed. Asyncio-flavoured."""
    await connection.execute("SELECT pg_notify($1, '')", _CHANNEL)
