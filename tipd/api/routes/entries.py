"""`/api/v1/sources/{name}/entries`: a source that is kept by hand or from a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import trio

from tipd.api.declare import Call, Route
from tipd.api.entering import read_entries, read_values
from tipd.api.problem import Problem
from tipd.api.routes.sources import find, request_run
from tipd.api.shapes_entries import EntriesDone, EntryPage, EntryResult, EntryShape, NewEntries, TakenBack
from tipd.api.sight import max_tlp_of
from tipd.store.entries import LOWEST, Word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any

    from tipd.api.entering import Read
    from tipd.api.services import Source
    from tipd.model.indicator import Indicator
    from tipd.store.entries import Reported, Standing


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many, those after `next` of the page before."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    after: str = ""


async def entries(call: Call) -> EntryPage:
    """The entries that stand, in pages."""
    row = await _by_hand(call)
    asked: PageQuery = call.query
    page = await call.core.services.store.entries.page(
        row.id, after=_place(asked.after), limit=asked.limit, max_tlp=max_tlp_of(call)
    )
    more = str(page[-1].key) if len(page) == asked.limit else None
    return EntryPage(source=row.name, entries=[_shape(one) for one in page], next=more)


async def report(call: Call) -> EntriesDone:
    """List values at once; what stands already says now what you say. Doing it again changes nothing but the ends."""
    row = await _by_hand(call)
    asked: NewEntries = call.body
    services, by = call.core.services, _by(call)
    now = services.clock.now()
    read = await trio.to_thread.run_sync(
        lambda: read_entries(asked.entries, reason=asked.reason, by=by, now=now), abandon_on_cancel=True
    )
    try:
        done = await services.store.entries.report(
            row.id,
            [entry for rows in read.entries.values() for entry in rows],
            Word(by, _why(asked.reason, read)),
            max_tlp=max_tlp_of(call),
        )
    except ValueError as error:
        raise Problem(400, str(error)) from None
    if any(entry.until is not None for rows in read.entries.values() for entry in rows):
        await request_run(call, row.name)  # so that whoever sweeps knows of the new ends
    return _done(row.name, _reported(asked.entries, read, done))


async def withdraw(call: Call) -> EntriesDone:
    """Take values back: what stands ends at once, with the reason `withdrawn`."""
    row = await _by_hand(call)
    asked: TakenBack = call.body
    named, refused = await trio.to_thread.run_sync(read_values, asked.values, abandon_on_cancel=True)
    wanted = [indicator for indicators in named.values() for indicator in indicators]
    try:
        word = Word(_by(call), asked.reason)
        ended = await call.core.services.store.entries.withdraw(row.id, wanted, word, max_tlp=max_tlp_of(call))
    except ValueError as error:
        raise Problem(400, str(error)) from None
    results: list[EntryResult] = []
    for place, one in enumerate(asked.values):
        if place in refused:
            results.append(EntryResult(index=place, result="refused", value=_text(one), reason=refused[place]))
            continue
        stood = not ended.isdisjoint(named[place])
        results.append(EntryResult(index=place, result="withdrawn" if stood else "absent", value=_text(one)))
    return _done(row.name, results)


async def _by_hand(call: Call) -> Source:
    row = await find(call, call.path["name"])
    if not row.declared:
        raise Problem(409, f"the source {row.name!r} is not declared any more, or it is switched off")
    if not row.by_hand:
        raise Problem(400, f"the source {row.name!r} is collected; one that is kept by hand says `entries = true`")
    return row


def _by(call: Call) -> str:
    return "" if call.caller is None else call.caller.name


def _why(reason: str, read: Read) -> str:
    """Return the reason for the audit: the call's, or that of its entries where they share one."""
    if reason:
        return reason
    given = {_reason_of(rows[0].context) for rows in read.entries.values()}
    return given.pop() if len(given) == 1 else ""


def _reason_of(context: bytes | None) -> str:
    return str(msgspec.json.decode(context or b"{}").get("reason", ""))


def _place(after: str) -> int:
    if not after:
        return LOWEST
    digits = after.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or not LOWEST <= (number := int(after[:21])) < -LOWEST:
        raise Problem(400, "after: is what a page gave as next", parameter="after")
    return number


def _text(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) else None


def _reported(raw: Sequence[Any], read: Read, done: Reported) -> list[EntryResult]:
    results: list[EntryResult] = []
    for place, one in enumerate(raw):
        value = _text(one.get("value")) if isinstance(one, dict) else None
        if place in read.refused:
            results.append(EntryResult(index=place, result="refused", value=value, reason=read.refused[place]))
            continue
        indicators = {entry.indicator for entry in read.entries[place]}
        if indicators <= done.blocked:
            results.append(EntryResult(index=place, result="refused", value=value, reason="forgotten for good"))
            continue
        result = EntryResult(index=place, result=_result(indicators, done.listed), value=value)
        results.append(result)
    return results


def _result(indicators: Collection[Indicator], listed: Collection[Indicator]) -> Any:
    return "listed" if any(one in listed for one in indicators) else "known"


def _done(source: str, results: Iterable[EntryResult]) -> EntriesDone:
    counts = dict.fromkeys(("listed", "known", "withdrawn", "refused", "absent"), 0)
    kept = list(results)
    for one in kept:
        counts[one.result] += 1
    del counts["absent"]
    return EntriesDone(source=source, results=kept, **counts)


def _shape(one: Standing) -> EntryShape:
    return EntryShape(
        kind=one.kind,
        value=one.value,
        since=one.since,
        reported=one.reported,
        until=one.until,
        tlp=None if one.tlp is None else one.tlp.word,
        context=one.context,
    )


_PATH = "/api/v1/sources/<name>/entries"
ROUTES = (
    Route(
        method="GET",
        path=_PATH,
        view=entries,
        query=PageQuery,
        answer=EntryPage,
        problems=(404, 409, 503),
        summary="The entries of a source that is kept by hand",
        tag="sources",
    ),
    Route(
        method="POST",
        path=_PATH,
        view=report,
        scope="write",
        body=NewEntries,
        answer=EntriesDone,
        problems=(404, 409, 503),
        summary="Report values to a source that is kept by hand",
        tag="sources",
    ),
    Route(
        method="DELETE",
        path=_PATH,
        view=withdraw,
        scope="write",
        body=TakenBack,
        answer=EntriesDone,
        problems=(404, 409, 503),
        summary="Take values back from a source that is kept by hand",
        tag="sources",
    ),
)
