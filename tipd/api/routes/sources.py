"""`/api/v1/sources`: the sources and their states; run one now; accept what its guards refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes import Accepted, RoundShape, RunRequested, SourceDetail, SourceList, SourceShape
from tipd.errors import TryAgain

if TYPE_CHECKING:
    from tipd.api.core import Core
    from tipd.api.services import Source

_ROUNDS = 20


async def sources(call: Call) -> SourceList:
    """Every declared source with its state, collected or not."""
    rows = await call.core.services.store.sources.known()
    return SourceList(sources=[SourceShape(**facts(row)) for row in rows])


async def source(call: Call) -> SourceDetail:
    """One source with its last rounds."""
    row = await find(call.core, call.path["name"])
    rounds = await call.core.services.store.rounds.last(row.id, limit=_ROUNDS)
    return SourceDetail(**facts(row), rounds=[_round(one) for one in rounds])


async def run_source(call: Call) -> RunRequested:
    """Ask a source now, whatever its due time; at most as often as its host's politeness allows."""
    name = call.path["name"]
    await request_run(call.core, name)
    return RunRequested(source=name, requested=True)


async def request_run(core: Core, name: str) -> None:
    """Let a source's module run it now, in this process or in the one that has the module; raises Problem 404."""
    row = await find(core, name)
    scheduler = core.services.scheduler
    if scheduler is None or row.module not in scheduler.names():
        await core.services.store.asks.ask(row.module, name, core.services.clock.now())
        return
    scheduler.run_now(row.module, (name,))


async def accept_source(call: Call) -> Accepted:
    """Let the body that was set aside for review be used, and ask the source now."""
    return await accept(call.core, call.path["name"])


async def accept(core: Core, name: str) -> Accepted:
    """Accept what is set aside and ask for a round; raises Problem 404, and 409 where there is nothing to accept."""
    row = await find(core, name)
    try:
        taken: Source | None = await core.services.store.sources.accept(name, core.services.clock.now())
    except TryAgain as changed:
        raise Problem(409, str(changed)) from None
    if taken is None or taken.set_aside is None:
        raise Problem(409, _nothing_to_accept(row))
    await request_run(core, name)
    aside = taken.set_aside
    return Accepted(
        source=name, sha256=aside["sha256"], entries=aside["entries"], why=aside.get("why"), state=taken.state
    )


def _nothing_to_accept(row: Source) -> str:
    if not row.set_aside:
        return f"nothing of {row.name!r} is set aside"
    return f"what is set aside of {row.name!r} was not read whole, so it cannot stand for the list"


async def find(core: Core, name: str) -> Source:
    """Return a source's row; raises Problem 404."""
    row: Source | None = await core.services.store.sources.get(name)
    if row is None:
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
        problems=(404, 503),
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
