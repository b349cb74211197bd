"""`POST /api/v1/sources/{name}/switched`: a source was switched on or off in its file; act at once, note who did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.model.finding import SOURCE_DISABLED, SOURCE_ENABLED
from tipd.modules.blacklist.declaration import NAME
from tipd.modules.blacklist.states import MODULE

if TYPE_CHECKING:
    from tipd.api.core import Core


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the source's file says now, and why somebody changed it."""

    enabled: bool
    reason: str = ""


class SwitchHeard(msgspec.Struct, frozen=True, kw_only=True):
    """The declarations are read again now; what they say counts, whatever was told."""

    source: str
    enabled: bool


async def switched(call: Call) -> SwitchHeard:
    """Note who switched a source, and read its declaration again now."""
    name, body = call.path["name"], call.body
    if not NAME.match(name):
        raise Problem(404, f"there is no source {name[:100]!r}")
    services = call.core.services
    act = SOURCE_ENABLED if body.enabled else SOURCE_DISABLED
    by = call.caller.name if call.caller else ""
    await services.store.audit.note(by, act, name, body.reason)
    await _read_again(call.core, name)
    return SwitchHeard(source=name, enabled=body.enabled)


async def _read_again(core: Core, name: str) -> None:
    """Let the module run, here or in the process that has it: a source that never ran has no row to ask for."""
    scheduler = core.services.scheduler
    if scheduler is None or MODULE not in scheduler.names():
        await core.services.store.asks.ask(MODULE, name, core.services.clock.now())
        return
    scheduler.run_now(MODULE, (name,))


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/sources/<name>/switched",
        view=switched,
        scope="write",
        body=Switch,
        answer=SwitchHeard,
        status=202,
        problems=(404, 503),
        summary="Say that a source was switched on or off in its file",
        tag="sources",
    ),
)
