"""Keep the bodies of a source's rounds, and let go of what is past its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.store.sources import SourceRow


async def keep_body(tools: Tools, row: SourceRow, round_id: int, body: Path, at: datetime) -> str | None:
    """Keep the body that a round has read; return its name. The round stands without it: a full disk is only noted."""
    try:
        return await trio.to_thread.run_sync(tools.bodies.keep, row.id, round_id, body, at)
    except OSError as error:
        tools.log.warning("the body is not kept", source=row.name, round=round_id, error=str(error))
        return None


async def note_declaration(tools: Tools, source: Source, at: datetime) -> None:
    """Keep what the source declares, so that the digest in a round's proof can be read."""
    await tools.store.proofs.note_declaration(source.declared(), source.name, msgspec.to_builtins(source), at)


async def prune(tools: Tools) -> int:
    """Remove bodies that are past their time or have no room; return how many. Raises StoreAway."""
    try:
        gone = await trio.to_thread.run_sync(tools.bodies.prune, tools.clock.now())
    except OSError as error:
        tools.log.warning("kept bodies cannot be looked through", error=str(error))
        return 0
    if gone:
        await tools.store.proofs.let_go([one.round for one in gone])
        tools.log.info("kept bodies past their time are gone", bodies=len(gone), bytes=sum(one.size for one in gone))
    return len(gone)
