"""`/api/v1/agents`: what is taken from the agents on mail hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes_spam import AgentList, AgentShape
from tipd.api.sight import max_tlp_of
from tipd.api.spam_view import agent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.trapped import AgentRow


async def agents(call: Call) -> AgentList:
    """Agents with the version taken last, its lag, and gaps."""
    now = call.core.services.clock.now()
    return AgentList(agents=[agent_of(row, now) for row in await rows(call)])


async def rows(call: Call) -> Sequence[AgentRow]:
    """Return the agents that the caller may see, by name."""
    found = await call.core.services.store.spam.agents(max_tlp=max_tlp_of(call))
    return sorted(found, key=lambda row: (row.name, row.view))


async def agent(call: Call) -> AgentShape:
    """One agent."""
    name = call.path["name"]
    row = next((row for row in await rows(call) if row.name == name), None)
    if row is None:
        raise Problem(404, f"there is no agent {name[:100]!r}")
    return agent_of(row, call.core.services.clock.now())


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/agents",
        view=agents,
        answer=AgentList,
        problems=(503,),
        summary="Agents, the version taken last of each, lag and gaps",
        tag="spam",
    ),
    Route(
        method="GET",
        path="/api/v1/agents/<name>",
        view=agent,
        answer=AgentShape,
        problems=(404, 503),
        summary="One agent",
        tag="spam",
    ),
)
