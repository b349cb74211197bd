"""`/api/v1/sources`: the sources and their states; run one now; accept what its guards refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes import Accepted, RoundShape, RunRequested, SourceDetail, SourceList, SourceShape
from tipd.api.sight import max_tlp_of, seen
from tipd.errors import TryAgain

if TYPE_CHECKING:
    from tipd.api.services import Source

_ROUNDS = 20


async def sources(call: Call) -> SourceList:
    """Every declared source that the caller may see, with its state, collected or not."""
    rows = await call.core.services.store.sources.known()
    return SourceList(sources=[SourceShape(**facts(row)) for row in seen(rows, max_tlp_of(call))])


async def source(call: Call) -> SourceDetail:
    """One source with its last rounds."""
    row = await find(call, call.path["name"])
    rounds = await call.core.services.store.rounds.last(row.id, limit=_ROUNDS)
    return SourceDetail(**facts(row), rounds=[_round(one) for one in rounds])


async def run_source(call: Call) -> RunRequested:
    """Ask a source now, whatever its due time; at most as often as its host's politeness allows."""
    name = call.path["name"]
    await request_run(call, name)
    return RunRequested(source=name, requested=True)


async def request_run(call: Call, name: str) -> None:
    """Let a source's module run it now, in this process or in the one that has the module.

    Raises Problem 404, and 409 for a source that is not collected.
    """
    row = await find(call, name)
    if not row.declared:
        raise Problem(409, f"{name!r} is not collected: {row.error or row.state}")
    await let_run(call, row, name)


async def let_run(call: Call, row: Source, word: str) -> None:
    """Let the source's module run `word`: its name, or what else the module knows to do with it."""
    services = call.core.services
    scheduler = services.scheduler
    if scheduler is None or row.module not in scheduler.names():
        await services.store.asks.ask(row.module, word, services.clock.now())
        return
    scheduler.run_now(row.module, (word,))


async def accept_source(call: Call) -> Accepted:
    """Let the body that was set aside for review be used, and ask the source now."""
    return await accept(call, call.path["name"])


async def accept(call: Call, name: str) -> Accepted:
    """Accept what is set aside and ask for a round; raises Problem 404, and 409 where there is nothing to accept."""
    row = await find(call, name)
    services = call.core.services
    try:
        taken: Source | None = await services.store.sources.accept(name, services.clock.now())
    except TryAgain as changed:
        raise Problem(409, str(changed)) from None
    if taken is None or taken.set_aside is None:
        raise Problem(409, _nothing_to_accept(row))
    await request_run(call, name)
    aside = taken.set_aside
    return Accepted(
        source=name, sha256=aside["sha256"], entries=aside["entries"], why=aside.get("why"), state=taken.state
    )


def _nothing_to_accept(row: Source) -> str:
    if not row.set_aside:
        return f"nothing of {row.name!r} is set aside"
    return f"what is set aside of {row.name!r} was not read whole, so it cannot stand for the list"


async def find(call: Call, name: str) -> Source:
    """Return a source's row; raises Problem 404, for one the caller may not see too: its name may be the secret."""
    row: Source | None = await call.core.services.store.sources.get(name)
    if row is None or row.tlp > max_tlp_of(call):
        raise Problem(404, f"there is no source {name[:100]!r}")
    return row


def _round(row: Any) -> RoundShape:
    return RoundShape(**{name: getattr(row, name) for name in RoundShape.__struct_fields__})


def facts(row: Source) -> dict[str, Any]:
    """Return what the API shows of a source's row."""
    return {
        "name": row.name,
        "module": row.module,
        "state": row.state,
        "weight": round(row.weight, 4),
        "entries": row.entries,
        "last_success": row.last_success,
        "next_run": row.due,
        "refused": dict(row.refused),
        "state_since": row.state_since,
        "error": row.error,
        "failures": row.failures,
        "last_attempt": row.last_attempt,
        "last_change": row.last_change,
        "failing_since": row.failing_since,
        "gone": row.gone,
        "set_aside": row.set_aside,
        "class_": row.class_,
        "tlp": row.tlp.word,
        "redistribute": row.redistribute,
        "licence": row.licence,
    }


_PATH = "/api/v1/sources"
ROUTES = (
    Route(
        method="GET", path=_PATH, view=sources, answer=SourceList, problems=(503,), summary="All sources", tag="sources"
    ),
    Route(
        method="GET",
        path=f"{_PATH}/<name>",
        view=source,
        answer=SourceDetail,
        problems=(404, 503),
        summary="One source with its last rounds",
        tag="sources",
    ),
    Route(
        method="POST",
        path=f"{_PATH}/<name>/run",
        view=run_source,
        scope="write",
        answer=RunRequested,
        status=202,
        problems=(404, 409, 503),
        summary="Ask a source now",
        tag="sources",
    ),
    Route(
        method="POST",
        path=f"{_PATH}/<name>/accept",
        view=accept_source,
        scope="write",
        answer=Accepted,
        status=202,
        problems=(404, 409, 503),
        summary="Accept the body that was set aside, and ask the source now",
        tag="sources",
    ),
)
