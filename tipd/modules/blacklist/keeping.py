"""Keep the bodies of a source's rounds, and let go of what is past its time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import trio

from tipd.modules.blacklist.reader import SNAPSHOT, WITHDRAWN
from tipd.modules.blacklist.reading.snapshot import keys_of
from tipd.store.bodies import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.store.sources import SourceRow


async def keep_body(
    tools: Tools, row: SourceRow, round_id: int, body: Path, at: datetime, *, read_in: Path, past: bool = False
) -> str | None:
    """Keep the body that a round has read in the folder `read_in`; return its name.

    One that names what is never to be taken in again is not kept: its round says so. The round stands without its
    body: a full disk is only noted.
    """
    try:
        if await names_blocked(tools, read_in):
            return FORGOTTEN
        keep = partial(tools.bodies.keep, past=past)
        return await trio.to_thread.run_sync(keep, row.id, round_id, body, at)
    except OSError as error:
        tools.log.warning("the body is not kept", source=row.name, round=round_id, error=str(error))
        return None


async def names_blocked(tools: Tools, read_in: Path) -> bool:
    """Say whether the body that was read in a folder names what is never to be taken in again. Raises OSError."""
    blocked = await tools.store.proofs.blocked()
    return bool(blocked) and await trio.to_thread.run_sync(_any_of, blocked, read_in)


def _any_of(blocked: Sequence[int], read_in: Path) -> bool:
    wanted = np.array(blocked, "<i8").view("<u8")
    taken_back = read_in / WITHDRAWN
    found = np.fromfile(taken_back, "<u8") if taken_back.exists() else np.zeros(0, "<u8")
    return bool(np.isin(wanted, found).any() or np.isin(wanted, keys_of(read_in / SNAPSHOT)).any())


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
