"""Sources: one row each, kept for good; `due` is the lease of who works on it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.errors import TryAgain
from tipd.model.finding import SOURCE_ACCEPTED, NewFinding
from tipd.model.tlp import Tlp
from tipd.store.flux import marks
from tipd.store.switches import STATES, Off, know
from tipd.store.text import storable, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

LONGEST_ERROR = 2000  # characters
MARKS_CHANNEL = "tipd_marks"  # told when it changes who may see a source


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A source as stored; see migrations for what the columns mean."""

    id: int
    name: str
    module: str
    declared: bool
    state: str
    state_since: datetime | None
    error: str | None
    due: datetime | None  # None: at once
    failures: int
    entries: int
    refused: dict[str, int]
    weight: float
    last_attempt: datetime | None
    last_success: datetime | None
    last_change: datetime | None
    last_round: int | None
    etag: str | None
    last_modified: str | None
    body_sha256: bytes | None
    read_digest: bytes | None
    set_aside: Any
    tlp: Tlp
    redistribute: bool
    class_: str = msgspec.field(name="class")
    licence: str
    failing_since: datetime | None = None
    gone: datetime | None = None
    moves: int = 0
    by_hand: bool = False


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What the store keeps of a declaration: `digest` of how it is read, to whom its rows may be shown, and what for.

    `redistribute`: whether they may be passed on; `class_`: what being listed means; `licence` in a few words;
    `by_hand`: what is reported to it is its list.
    """

    digest: bytes = b""
    tlp: Tlp = Tlp.AMBER
    redistribute: bool = False
    class_: str = "blacklist"
    licence: str = ""
    by_hand: bool = False


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word that a refused body may be used: when it was given, and which body was looked at.

    `sha256` in hex; `rows` and `entries` (distinct indicators) are what that body held.
    """

    at: datetime
    sha256: str
    entries: int
    rows: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended, as the source's row keeps it; what is UNSET stays as it was.

    `confirmed`: the fetch confirmed or changed the current set, so `last_success` moves to `at`; `changed`: so does
    `last_change`. `last_round`: the round that read a body whole (see `Rounds.apply`). `set_aside`: what is known of a
    refused body; an acceptance that stands stays in it until None clears both. `moves`: as the source's row had it
    before the body was read; where somebody else closed intervals since, `last_round` is not believed (None).
    """

    state: str
    at: datetime
    due: datetime
    failures: int = 0
    error: str | None = None
    confirmed: bool = False
    changed: bool = False
    refused: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    last_round: int | msgspec.UnsetType | None = msgspec.UNSET
    etag: str | msgspec.UnsetType | None = msgspec.UNSET
    last_modified: str | msgspec.UnsetType | None = msgspec.UNSET
    body_sha256: bytes | msgspec.UnsetType | None = msgspec.UNSET
    read_digest: bytes | msgspec.UnsetType | None = msgspec.UNSET
    set_aside: Any | msgspec.UnsetType = msgspec.UNSET
    moves: int | msgspec.UnsetType = msgspec.UNSET


_COLUMNS = ", ".join(SourceRow.__struct_encode_fields__)
# Nobody knows who may see a source that was never read: what cannot be read counts as the strictest.
_DECLARE = f"""
INSERT INTO source (name, module, tlp) SELECT u.name, $1, {int(Tlp.RED)} FROM unnest($2::text[]) AS u (name)
    ON CONFLICT (name) DO UPDATE SET declared = true, module = excluded.module
 WHERE NOT source.declared OR source.module <> excluded.module
"""  # noqa: S608
_MARK = """
UPDATE source SET tlp = u.tlp, redistribute = u.redistribute, class = u.class, licence = u.licence, by_hand = u.by_hand
  FROM unnest($1::text[], $2::smallint[], $3::boolean[], $4::text[], $5::text[], $6::boolean[])
    AS u (name, tlp, redistribute, class, licence, by_hand)
 WHERE source.name = u.name AND (source.tlp, source.redistribute, source.class, source.licence, source.by_hand)
       IS DISTINCT FROM (u.tlp, u.redistribute, u.class, u.licence, u.by_hand)
RETURNING source.id
"""
# A source that would be read differently now is fetched whole once, at its own time.
_READ_AGAIN = """
UPDATE source SET etag = NULL, last_modified = NULL
  FROM unnest($1::text[], $2::bytea[]) AS u (name, digest)
 WHERE source.name = u.name AND read_digest IS DISTINCT FROM u.digest
   AND (etag IS NOT NULL OR last_modified IS NOT NULL)
"""
_LEASE = f"""
UPDATE source SET due = $3 WHERE id IN (
    SELECT id FROM source
     WHERE module = $1 AND declared
       AND ($4::text[] IS NULL OR name = ANY($4::text[])) AND (due IS NULL OR due <= $2 OR NOT $5::boolean)
     ORDER BY due NULLS FIRST FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""  # noqa: S608


# A clock that once stood far ahead must not stop a source for years: the pause that was planned is kept, from now on.
# As `nursery.due.repaired` does for modules; an hour or less just makes it wait that much longer.
_SET_RIGHT = """
UPDATE source SET due = least(due, $2::timestamptz + greatest(due - last_attempt, interval '0')), last_attempt = $2,
       last_success = least(last_success, $2), failing_since = least(failing_since, $2)
 WHERE module = $1 AND declared AND last_attempt > $2::timestamptz + interval '1 hour'
"""


class Sources:
    """The sources' rows."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def declare(self, module: str, declared: Mapping[str, Declared | None]) -> list[SourceRow]:
        """Make these the module's sources; return all of its rows. None: its declaration cannot be read just now.

        Those it had and does not name any more are kept with `declared` false. A name moves to the module that declares
        it last. One whose digest differs from that of its last reading loses its validators; one that cannot be read
        does too, and keeps its marks.
        """
        rows, marked = await self._writer.write(_declare, module, dict(declared))
        await self._follow(marked)
        return [_source(row) for row in rows]

    async def know(
        self,
        module: str,
        off: Mapping[str, Off],
        at: datetime,
        declared: Mapping[str, Declared] | None = None,
        findings: Sequence[NewFinding] = (),
    ) -> None:
        """Make these the module's sources that are known and not collected, with their marks; tell what changed."""
        await self._follow(
            await self._writer.write(_know, module, dict(off), at, dict(declared or {}), findings=findings)
        )

    async def _follow(self, marked: Sequence[int]) -> None:
        """Let tracked names follow the marks of these sources, where they are too many for one transaction."""
        if marked:
            await marks.everything(self._writer, marked)

    async def lease(
        self, module: str, now: datetime, lease_for: timedelta, names: Sequence[str] | None = None, *, due: bool = False
    ) -> list[SourceRow]:
        """Take the module's sources that are due, or those named, with `due` only if they are, until `now + lease_for`.

        No two processes get the same; a lease that passes unsettled is due again. `due` of the rows is the lease's end.
        What was asked over an hour after `now` (the wall clock went back) counts as asked now.
        """
        wanted = None if names is None else list(names)
        rows = await self._writer.write(_lease, module, now, now + lease_for, (wanted, due or wanted is None))
        return [_source(row) for row in rows]

    async def give_back(self, module: str, until: datetime, dues: Mapping[str, datetime]) -> None:
        """End the lease that ends at `until`: each of these is due when `dues` says, unless it was settled since."""
        await self._writer.write(_give_back, module, until, dict(dues))

    async def next_due(self, module: str) -> datetime | None:
        """Return when the next of the module's sources is due; None where it has none, or one that never ran."""
        return await self._pool.run(_next_due, module)

    async def all(self, *, declared_only: bool = True) -> list[SourceRow]:
        """Return the sources by name; with `declared_only=False` also those whose declaration is gone."""
        return [_source(row) for row in await self._pool.run(_all, declared_only)]

    async def known(self) -> list[SourceRow]:
        """Return the sources by name that are declared, collected or not."""
        return [row for row in await self.all(declared_only=False) if row.declared or row.state in STATES]

    async def get(self, name: str) -> SourceRow | None:
        """Return one source, None where there never was one."""
        row = await self._pool.run(_get, name)
        return None if row is None else _source(row)

    async def settle(self, source_id: int, outcome: Outcome, findings: Sequence[NewFinding] = ()) -> None:
        """Store how an unchanged or failed poll ended (one row), with its findings.

        Raises LookupError for no such source.
        """
        await self._writer.write(settle, source_id, outcome, findings=findings)

    async def accept(self, name: str, at: datetime) -> SourceRow | None:
        """Note that the body set aside may be used; return the source, None where there is nothing to accept.

        Nothing to accept: no such source, no body set aside, or one that was not read whole. Told as `source.accepted`;
        accepting the same body again changes nothing. Raises TryAgain where another body took its place meanwhile.
        """
        row = await self.get(name)
        aside = None if row is None else row.set_aside
        if row is None or not aside or aside.get("entries") is None or not aside.get("sha256"):
            return None
        standing = acceptance(aside)
        if standing is None or standing.sha256 != aside["sha256"]:
            word = Acceptance(at=at, sha256=aside["sha256"], entries=aside["entries"], rows=aside.get("rows", 0))
            facts = {"sha256": word.sha256, "why": aside.get("why"), "entries": word.entries}
            told = NewFinding(kind=SOURCE_ACCEPTED, module=row.module, source=row.name, data=facts)
            await self._writer.write(_accept, row.name, word, findings=[told])
        return row


def acceptance(set_aside: Mapping[str, Any] | None) -> Acceptance | None:
    """Return the acceptance that a source's `set_aside` holds, None where it holds none."""
    given = (set_aside or {}).get("accepted")
    return None if given is None else msgspec.convert(given, Acceptance)


def _source(row: Row) -> SourceRow:
    fields = dict(row)
    fields["refused"] = msgspec.json.decode(fields["refused"])
    fields["set_aside"] = None if fields["set_aside"] is None else msgspec.json.decode(fields["set_aside"])
    fields["tlp"] = Tlp(fields["tlp"])
    fields["class_"] = fields.pop("class")
    return SourceRow(**fields)


async def settle(connection: Connection, source_id: int, outcome: Outcome) -> None:
    """Update the source's row (asyncio-flavoured, in a writer's transaction)."""
    columns: dict[str, Any] = {
        "state": outcome.state,
        "due": outcome.due,
        "failures": outcome.failures,
        "error": None if outcome.error is None else storable(outcome.error)[:LONGEST_ERROR],
        "last_attempt": outcome.at,
    }
    if outcome.confirmed:
        columns["last_success"] = outcome.at
    if outcome.changed:
        columns["last_change"] = outcome.at
    columns |= {name: value for name in _OPTIONAL if (value := getattr(outcome, name)) is not msgspec.UNSET}
    for name in ("refused", "set_aside"):
        if columns.get(name) is not None:
            columns[name] = to_json(columns[name])
    for name in ("etag", "last_modified"):
        if columns.get(name) is not None:
            columns[name] = storable(columns[name])
    sets = ", ".join(f"{name} = ${number}{_KEPT.get(name, '')}" for number, name in enumerate(columns, start=3))
    done = await connection.execute(
        f"UPDATE source SET {_SINCE}, {_FAILING[outcome.failures > 0]}, {sets} WHERE id = $1",  # noqa: S608 - our own
        source_id,
        outcome.at,
        *columns.values(),
    )
    if done != "UPDATE 1":
        raise LookupError(f"there is no source {source_id}")
    if outcome.moves is not msgspec.UNSET:
        await connection.execute(_MOVED_MEANWHILE, source_id, outcome.moves)


_SINCE = "state_since = CASE WHEN state = $3 AND state_since IS NOT NULL THEN state_since ELSE $2 END"
_FAILING = {True: "failing_since = coalesce(failing_since, $2)", False: "failing_since = NULL, gone = NULL"}
_MOVED_MEANWHILE = "UPDATE source SET last_round = NULL WHERE id = $1 AND moves <> $2"
_OPTIONAL = ("refused", "last_round", "etag", "last_modified", "body_sha256", "read_digest", "set_aside")
# Another refused body does not end an acceptance, and one that came while this round ran is not lost (null stays null).
_KEPT = {
    "set_aside": "::jsonb || CASE WHEN set_aside ? 'accepted'"
    " THEN jsonb_build_object('accepted', set_aside -> 'accepted') ELSE '{}' END"
}


async def _accept(connection: Connection, name: str, word: Acceptance) -> None:
    done = await connection.execute(
        "UPDATE source SET set_aside = set_aside || $3::jsonb WHERE name = $1 AND set_aside ->> 'sha256' = $2",
        name,
        word.sha256,
        to_json({"accepted": msgspec.to_builtins(word)}),
    )
    if done != "UPDATE 1":  # raised, so that the finding is not written either
        raise TryAgain(f"what was set aside of {name!r} has changed meanwhile: look at it again")


async def _declare(
    connection: Connection, module: str, declared: dict[str, Declared | None]
) -> tuple[list[Row], list[int]]:
    names = list(declared)
    digests = {name: each.digest if each else b"" for name, each in declared.items()}
    await connection.execute(_DECLARE, module, names)
    marked = await _mark(connection, {name: each for name, each in declared.items() if each is not None})
    await connection.execute(
        "UPDATE source SET declared = false WHERE module = $1 AND declared AND name <> ALL($2::text[])", module, names
    )
    await connection.execute(_READ_AGAIN, names, list(digests.values()))
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM source WHERE module = $1 ORDER BY name", module)  # noqa: S608
    return rows, marked


async def _know(
    connection: Connection, module: str, off: dict[str, Off], at: datetime, declared: dict[str, Declared]
) -> list[int]:
    await know(connection, module, off, at)
    return await _mark(connection, declared)


async def _mark(connection: Connection, declared: dict[str, Declared]) -> list[int]:
    """Store the marks; return the sources that changed and whose tracked names are too many to follow at once."""
    changed = await connection.fetch(
        _MARK,
        list(declared),
        [int(each.tlp) for each in declared.values()],
        [each.redistribute for each in declared.values()],
        [each.class_ for each in declared.values()],
        [storable(each.licence) for each in declared.values()],
        [each.by_hand for each in declared.values()],
    )
    if not changed:
        return []
    await connection.execute("SELECT pg_notify($1, '')", MARKS_CHANNEL)
    ids = [row["id"] for row in changed]
    return [] if await marks.of_sources(connection, ids) else ids


async def _lease(
    connection: Connection, module: str, now: datetime, until: datetime, chosen: tuple[list[str] | None, bool]
) -> list[Row]:
    await connection.execute(_SET_RIGHT, module, now)
    return await connection.fetch(_LEASE, module, now, until, *chosen)


async def _give_back(connection: Connection, module: str, until: datetime, dues: dict[str, datetime]) -> None:
    await connection.execute(
        "UPDATE source SET due = u.due FROM unnest($3::text[], $4::timestamptz[]) AS u (name, due)"
        " WHERE source.name = u.name AND source.module = $1 AND source.due = $2",
        module,
        until,
        list(dues),
        list(dues.values()),
    )


async def _next_due(connection: Connection, module: str) -> datetime | None:
    return await connection.fetchval(  # type: ignore[no-any-return]
        "SELECT due FROM source WHERE module = $1 AND declared ORDER BY due NULLS FIRST LIMIT 1", module
    )


async def _all(connection: Connection, declared_only: bool) -> list[Row]:
    return await connection.fetch(
        f"SELECT {_COLUMNS} FROM source WHERE declared OR NOT $1 ORDER BY name",  # noqa: S608
        declared_only,
    )


async def _get(connection: Connection, name: str) -> Row | None:
    return await connection.fetchrow(f"SELECT {_COLUMNS} FROM source WHERE name = $1", name)  # noqa: S608
