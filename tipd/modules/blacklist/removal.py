"""A source whose declaration is gone or disabled: what it lists is closed, with that reason, and told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tipd import __version__
from tipd.model.finding import SOURCE_REMOVED, NewFinding
from tipd.modules.blacklist.states import MODULE, State
from tipd.nursery.contract import Report
from tipd.store.rounds import Proof
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from tipd.modules.blacklist.tools import Tools
    from tipd.store.sources import SourceRow

REASON = "source_removed"


async def remove(tools: Tools, row: SourceRow) -> Report:
    """Close every open interval of the source; it is read anew, from nothing, should it ever come back."""
    at = tools.clock.now()
    round_id = await tools.store.rounds.begin(row.id)
    closed = await tools.store.rounds.close_all(round_id, row.id, reason=REASON, at=at)
    outcome = Outcome(
        state=State.REMOVED,
        at=at,
        due=at + timedelta(0),  # at once, when it is declared again
        last_round=round_id,
        etag=None,
        last_modified=None,
        body_sha256=None,
        read_digest=None,
        set_aside=None,
        refused={},
    )
    finding = NewFinding(kind=SOURCE_REMOVED, module=MODULE, source=row.name, data={"delisted": closed})
    proof = Proof(status=State.REMOVED, ended=at, version=__version__, entries=0, why="removal")
    await tools.store.rounds.finish(round_id, row.id, proof, outcome, [finding])
    tools.log.info("source removed", source=row.name, delisted=closed)
    return Report(row.name, State.REMOVED, delisted=closed)
