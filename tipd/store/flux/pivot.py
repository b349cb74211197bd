"""From an address, a network, an AS or a name to all that it shared something with.

Each statement looks at a bounded number of rows by one index, the latest first, whatever the statistics say; where it
looked at all it may and there are more, it says so. Asyncio-flavoured.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tipd.model.dns import NS
from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.model.tracked import Pivot, PivotRow
from tipd.store.flux import walks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tipd.store.connection import Connection, Row
    from tipd.store.flux.asked import Asked

MOST_TAGGED = 5000  # names with a tag, up to which they are looked through rather than what the value leads to
_LONG_AGO, _FAR_AHEAD = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class Question(NamedTuple):
    """What is asked, of when, with which tags, how much of it, and who asks; `tagged`: names that have the tags."""

    asked: Asked
    since: datetime | None
    until: datetime | None
    tag: tuple[str, ...]
    limit: int
    max_tlp: Tlp
    tagged: tuple[int, ...] = ()

    @property
    def common(self) -> tuple[datetime, datetime, int, list[str]]:
        """The first four arguments of every statement."""
        return self.since or _LONG_AGO, self.until or _FAR_AHEAD, int(self.max_tlp), list(self.tag)


async def pivot(connection: Connection, question: Question) -> Pivot:
    """Return where it leads."""
    async with connection.transaction():
        if question.tag:  # before the plan is given: of the tags there is an index that it would not let be used
            names = await connection.fetch(walks.TAGGED, list(question.tag), int(question.max_tlp), MOST_TAGGED + 1)
            question = question._replace(tagged=tuple(row["id"] for row in names))
        await connection.execute(walks.PLAN)
        walk = _from_name if question.asked.kind == "domain" else _from_number
        rows, more = await walk(connection, question)
    shown = rows[: question.limit]
    asked = question.asked
    return Pivot(kind=asked.kind, value=asked.value, rows=tuple(shown), more=more or len(rows) > len(shown))


async def _from_number(connection: Connection, question: Question) -> tuple[list[PivotRow], bool]:
    asked = question.asked
    args = {"asn": (asked.asn,), "network": (asked.first, asked.last)}.get(asked.kind, (asked.value,))
    found, more = await _owners(connection, question, asked.kind, args)
    single = asked.kind in ("ipv4", "ipv6")
    rows = [_row(row, "had_by", row["name"], "domain", "" if single else row["address"]) for row in found]
    if single:
        everybody = found
        if question.tag:
            everybody, _ = await _owners(connection, question._replace(tag=()), asked.kind, args)
        servers = sorted(row["name_id"] for row in everybody)
        served = []
        if servers:
            served = await connection.fetch(walks.SERVES, *question.common, servers, question.limit + 1)
        rows += _tagged([_row(row, "served_by", row["name"], "domain", row["target"]) for row in served], question)
        rows += await _below(connection, question, served, "served_by")
        more = more or len(served) > question.limit
    return _latest(rows), more


async def _from_name(connection: Connection, question: Question) -> tuple[list[PivotRow], bool]:
    who = await connection.fetchrow(walks.WHO, question.asked.value, int(question.max_tlp))
    if who is None:
        return [], False
    own = await _own(connection, question, "own", who["id"])
    if who["apex"] is not None:
        own += await _own(connection, question, "own_servers", who["apex"])
    by, more = await _owners(connection, question._replace(tag=()), "target", (who["id"],))
    rows = _tagged([_row(row, "had_by", row["name"], "domain") for row in by], question)
    rows += await _below(connection, question, [row for row in by if row["rtype"] == NS], "had_by")
    had, half = _has(own), max(1, question.limit // 2)
    kept = _latest(had)[:half] + _latest(rows)[:half]
    more = more or len(had) > half or len(rows) > half or len(own) > question.limit
    return kept + await _shares(connection, question, [who["id"], who["apex"] or who["id"]], own), more


async def _own(connection: Connection, question: Question, what: str, name_id: int) -> list[Row]:
    """Return what a name has itself, the latest first; of whatever tags, since it was asked for by its name."""
    leads = walks.LEADS[what]
    query = walks.OWN.format(where=leads.where.format(6), order=leads.order)
    return await connection.fetch(query, *question.common, question.limit + 1, name_id)


async def _owners(connection: Connection, question: Question, what: str, args: Sequence[Any]) -> tuple[list[Row], bool]:
    """Return the names that a value leads to, the latest first, and whether there may be more."""
    leads, wanted = walks.LEADS[what], question.limit + 1
    if question.tag and len(question.tagged) <= MOST_TAGGED:
        query = walks.OWNERS_TAGGED.format(where=leads.where.format(8, 9))
        looked_at = (walks.MOST_LOOKED_AT, wanted, list(question.tagged))
        found = await connection.fetch(query, *question.common, *looked_at, *args)
        return found, len(found) >= wanted
    where = leads.where.format(7, 8)
    query = walks.OWNERS.format(where=where, order=leads.order)
    found = []
    for budget in leads.budgets:
        most = min(round(wanted * budget), walks.MOST_LOOKED_AT)
        found = await connection.fetch(query, *question.common, most, wanted, *args)
        enough = len(found) >= wanted
        looked = found[0]["looked"] if found else await _looked_at(connection, question, leads, args, most)
        if enough or looked < most:
            return found, enough
    return found, True


async def _looked_at(
    connection: Connection, question: Question, leads: walks.Leads, args: Sequence[Any], most: int
) -> int:
    """Return how many rows were looked at, where none of them may be shown."""
    where = f"$3::integer IS NOT NULL AND $4::text[] IS NOT NULL AND {leads.where.format(6, 7)}"
    query = walks.LOOKED_AT.format(where=where)
    return int(await connection.fetchval(query, *question.common, most, *args))


def _tagged(rows: list[PivotRow], question: Question) -> list[PivotRow]:
    return [row for row in rows if not question.tag or not set(question.tag).isdisjoint(row.tags)]


async def _below(connection: Connection, question: Question, served: Sequence[Row], how: str) -> list[PivotRow]:
    """Return the watched names below the domains that were found."""
    if not served:
        return []
    by_apex: dict[str, Row] = {}
    for row in served:
        by_apex.setdefault(row["name"], row)
    common = question.common
    found = await connection.fetch(walks.BELOW, list(by_apex), common[2], common[3], question.limit)
    rows = []
    for row in found:
        above = by_apex[row["apex"]]
        via = above["target"] if how == "served_by" else row["apex"]
        rows.append(_row({**above, **row}, how, row["name"], "domain", via or ""))
    return rows


async def _shares(connection: Connection, question: Question, mine: list[int], own: Sequence[Row]) -> list[PivotRow]:
    addresses = list(dict.fromkeys(row["address"] for row in own if row["address"] is not None))[: walks.MOST_SHARED]
    targets = list(dict.fromkeys(row["target_id"] for row in own if row["target_id"] is not None))[: walks.MOST_SHARED]
    wanted = question.limit + 1
    found = await connection.fetch(walks.SHARES, *question.common, addresses, targets, sorted(set(mine)), wanted)
    return [_row(row, "shares", row["name"], "domain", row["address"] or row["target"]) for row in found]


def _has(own: Iterable[Row]) -> list[PivotRow]:
    """Return a row for each value that a name had, and one for each AS that it was in."""
    rows: dict[str, PivotRow] = {}
    for row in own:
        kind = "domain" if row["address"] is None else "ipv6" if ":" in row["address"] else "ipv4"
        value = row["address"] or row["target"]
        if value is None:
            continue
        via = row["address"] or ""
        pairs = [(value, _row(row, "has", value, kind))]
        if row["asn"]:
            pairs.append((f"AS{row['asn']}", _row(row, "has", f"AS{row['asn']}", "asn", via)))
        for key, one in pairs:
            rows[key] = one if (known := rows.get(key)) is None else _joined(known, one)
    return list(rows.values())


def _row(row: Any, how: str, found: str, kind: str, via: str | None = "") -> PivotRow:
    named = how != "has"
    return PivotRow(
        found=found,
        kind=kind,
        how=how,
        rtype=row["rtype"],
        asn=row["asn"],
        first=row["first"],
        last=row["last"],
        count=row["count"],
        via=via or "",
        state=State(row["state"]) if named and row["state"] is not None else None,
        tags=tuple(row["tags"] or ()) if named else (),
        tlp=Tlp(row["tlp"]),
    )


def _joined(one: PivotRow, other: PivotRow) -> PivotRow:
    """Return both as one row, with the words of the later."""
    late, early = (one, other) if one.last >= other.last else (other, one)
    return PivotRow(
        found=late.found,
        kind=late.kind,
        how=late.how,
        rtype=late.rtype,
        asn=late.asn,
        first=min(late.first, early.first),
        last=late.last,
        count=late.count + early.count,
        via=late.via,
        state=late.state,
        tags=late.tags,
        tlp=late.tlp,
    )


def _latest(rows: list[PivotRow]) -> list[PivotRow]:
    return sorted(rows, key=lambda row: (row.last, row.found), reverse=True)
