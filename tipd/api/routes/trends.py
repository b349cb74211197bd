"""`GET /api/v1/trends`: what rises and falls, by day, week or month."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.sight import max_tlp_of
from tipd.errors import TryAgain
from tipd.model.trend import CLEAR, Period, default_since, movement, periods
from tipd.net.asn import AsnTable
from tipd.store.trends.trends import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.services import Asns
    from tipd.model.trend import By
    from tipd.store.trends.trends import Trend

MOST_PERIODS = 400


class TrendsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`by` which periods, `of` what; days in UTC, `until` not included; the rest leaves in what it names."""

    by: Literal["day", "week", "month"] = "day"
    of: Literal["source", "kind", "class", "asn"] = "source"
    since: date | None = None
    until: date | None = None
    source: list[str] = []
    kind: list[str] = []
    class_: list[str] = msgspec.field(default=[], name="class")
    asn: list[str] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=2000)] = 100


class TrendRow(msgspec.Struct, frozen=True, kw_only=True):
    """One source, kind, class or AS (`AS64500`, with the `label` the AS table gives it): a number for each period.

    `listed` and `delisted` count indicators, `loaded` those of a source's first round, which say nothing of their day.
    `last` is the last complete period's `listed`, `before` the mean of those before it, `change` their ratio less one
    (null where nothing was before), `score` their distance in standard deviations.
    """

    name: str
    label: str
    listed: list[int]
    delisted: list[int]
    loaded: list[int]
    last: int
    before: float
    change: float | None
    score: float


class TrendsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`rows`, most moved first; `rising` and `falling` name those that clearly do; `behind`: findings to be counted."""

    by: str
    of: str
    periods: list[Period]
    rows: list[TrendRow]
    rising: list[str]
    falling: list[str]
    behind: int


async def trends(call: Call) -> TrendsAnswer:
    """What rises and what falls: daily counts per source, kind, class or AS, put into periods."""
    return await told(call, call.query)


async def told(call: Call, query: TrendsQuery) -> TrendsAnswer:
    """Answer the query, for as much as the caller may see; raises Problem 400, StoreAway."""
    today = call.core.services.clock.now().date()
    span = _span(query, today)
    only = {"source": query.source, "kind": query.kind, "class": query.class_, "asn": query.asn}
    store = call.core.services.store.trends
    await _catch_up(call)
    try:
        found = await store.read(query.by, query.of, span[0].start, span[-1].end, max_tlp=max_tlp_of(call), only=only)
        begun = _after(span, await store.begun())
    except ValueError as error:
        raise Problem(400, str(error)) from None
    rows = _rows(found, span, begun, query.of, call.core.services.asns)[: query.limit]
    return TrendsAnswer(
        by=query.by,
        of=query.of,
        periods=span,
        rows=rows,
        rising=[row.name for row in rows if row.score >= CLEAR],
        falling=[row.name for row in rows if row.score <= -CLEAR],
        behind=await store.behind(),
    )


async def _catch_up(call: Call) -> None:
    """Count what was just told, so that whoever lists something and asks finds it; a long log is counted meanwhile."""
    asns, store = call.core.services.asns, call.core.services.store.trends
    if asns is not None and not asns.settled.is_set():
        return
    if 0 < await store.behind() <= PAGE:
        with suppress(TryAgain):
            await store.count(lambda: asns.table if asns is not None else AsnTable.empty())


def _span(query: TrendsQuery, today: date) -> list[Period]:
    try:
        by: By = query.by
        until = query.until or today + timedelta(days=1)
        since = query.since or default_since(until, by)
        if since >= until:
            raise Problem(400, f"since {since} is not before until {until}")
        if (until - since).days > MOST_PERIODS * {"day": 1, "week": 7, "month": 31}[by]:
            raise Problem(400, f"that is more than {MOST_PERIODS} periods")
        return periods(since, until, by, today)
    except OverflowError:
        raise Problem(400, "there is no such day") from None


def _after(span: Sequence[Period], day: date | None) -> int:
    """Return the number of the first period that begins after the day."""
    return next((number for number, period in enumerate(span) if day is None or period.start > day), len(span))


def _rows(found: Sequence[Trend], span: Sequence[Period], begun: int, of: str, asns: Asns | None) -> list[TrendRow]:
    place = {period.start: number for number, period in enumerate(span)}
    names: dict[str, tuple[list[int], list[int], list[int]]] = {}
    for one in found:
        columns = names.setdefault(one.name, ([0] * len(span), [0] * len(span), [0] * len(span)))
        for column, count in zip(columns, (one.listed, one.delisted, one.loaded), strict=True):
            column[place[one.period]] += count
    rows = []
    for name, (listed, delisted, loaded) in names.items():
        # Of a source nothing was known before its first round, and of that day little.
        new = max((number for number, count in enumerate(loaded) if count), default=-1) if of == "source" else -1
        moved = movement(listed, [period.complete for period in span], max(begun, new + 1))
        label = asns.table.name(int(name[2:])) if asns is not None and name.startswith("AS") else ""
        told = msgspec.structs.asdict(moved)
        rows.append(TrendRow(name=name, label=label, listed=listed, delisted=delisted, loaded=loaded, **told))
    return sorted(rows, key=lambda row: (-abs(row.score), -sum(row.listed), row.name))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/trends",
        view=trends,
        query=TrendsQuery,
        answer=TrendsAnswer,
        problems=(503,),
        summary="What rises and falls",
        tag="trends",
    ),
)
