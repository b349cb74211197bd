"""Archives and agents as sources: each is a row of its own, which marks, weights, forgetting and trends reach."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from tipd.model.tlp import Tlp, tlp_of
from tipd.modules.spamtrap.states import MODULE
from tipd.store.sources import Declared
from tipd.store.switches import OFF, Off

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tipd.model.finding import NewFinding
    from tipd.modules.spamtrap.settings import AgentSource, ArchiveSettings, SpamtrapSettings
    from tipd.store.sources import SourceRow

CLASS = "spam"


class Heard(NamedTuple):
    """What an agent's manifests allow: the mark they bear, and whether what they bring may be passed on."""

    tlp: Tlp
    onward: bool = False


_NONE: Mapping[str, Heard] = {}


class SourceStore(Protocol):
    """`store.sources`, as far as declaring goes."""

    async def all(self, *, declared_only: bool = True) -> list[SourceRow]:
        """Return all rows."""
        ...

    async def declare(self, module: str, declared: Mapping[str, Declared | None]) -> list[SourceRow]:
        """Make these the module's sources."""
        ...

    async def know(
        self,
        module: str,
        off: Mapping[str, Off],
        at: datetime,
        declared: Mapping[str, Declared] | None = None,
        findings: Sequence[NewFinding] = (),
    ) -> None:
        """Make these the module's sources that are known and not read."""
        ...


async def declare(
    sources: SourceStore, settings: SpamtrapSettings, at: datetime, heard: Mapping[str, Heard] = _NONE
) -> list[SourceRow]:
    """Make archives and agents the module's sources; return all of its rows, those that are none any more too.

    Nothing is written where nothing has changed. `heard`: the marks that agents' manifests bear. What an agent was
    marked before stays, where it is stricter and nothing else was heard; before the first word of it, it is `red`, and
    may not be redistributed. Afterwards it may be where both the settings and its manifests (`onward`) say so.
    """
    before = {row.name: row for row in await sources.all(declared_only=False) if row.module == MODULE}
    wanted = {one.name: _declared(one, Heard(tlp_of(one.tlp), onward=True)) for one in settings.archives}
    for agent in settings.agents:
        row = before.get(agent.name)
        known = Heard(row.tlp, onward=row.redistribute) if row is not None else Heard(Tlp.RED)
        told = heard.get(agent.name, known)
        wanted[agent.name] = _declared(agent, told._replace(tlp=max(tlp_of(agent.tlp), told.tlp)))
    enabled = {one.name for one in (*settings.archives, *settings.agents) if one.enabled and settings.enabled}
    declared = {name: each for name, each in wanted.items() if name in enabled}
    off = {name: Off(state=OFF, why="enabled = false") for name in wanted if name not in enabled}
    if _stands(before, declared, off):
        return list(before.values())
    await sources.declare(MODULE, declared)
    await sources.know(MODULE, off, at, {name: wanted[name] for name in off})
    return [row for row in await sources.all(declared_only=False) if row.module == MODULE]


def _declared(one: ArchiveSettings | AgentSource, heard: Heard) -> Declared:
    digest = hashlib.sha256(msgspec.json.encode(one, order="deterministic")).digest()
    passed_on = one.redistribute and heard.onward
    return Declared(digest=digest, tlp=heard.tlp, redistribute=passed_on, class_=CLASS, licence=one.licence)


def _stands(before: Mapping[str, SourceRow], declared: Mapping[str, Declared], off: Mapping[str, Off]) -> bool:
    """Say whether the rows are as they should be already."""
    if {name for name, row in before.items() if row.declared} != set(declared):
        return False
    if {name for name, row in before.items() if not row.declared and row.state == OFF} != set(off):
        return False
    return all(
        (row.tlp, row.redistribute, row.class_, row.licence) == (each.tlp, each.redistribute, each.class_, each.licence)
        for name, each in declared.items()
        if (row := before[name])
    )
