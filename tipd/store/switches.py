"""Sources that are known and not collected: switched off by their declaration, or left out by the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tipd.store.connection import Connection

OFF, LEFT_OUT = "off", "left_out"
STATES = (OFF, LEFT_OUT)


class Off(msgspec.Struct, frozen=True, kw_only=True):
    """Why a source is not collected: its state, `off` or `left_out`, and a few words."""

    state: str
    why: str


# One that lists something still is being closed; it is switched off when that is done.
_KNOW = """
INSERT INTO source (name, module, declared, state, state_since, error)
SELECT u.name, $1, false, u.state, $2, u.why FROM unnest($3::text[], $4::text[], $5::text[]) AS u (name, state, why)
    ON CONFLICT (name) DO UPDATE
   SET state = excluded.state, state_since = excluded.state_since, error = excluded.error, failures = 0
 WHERE NOT source.declared AND source.module = excluded.module
       AND (source.state, source.error) IS DISTINCT FROM (excluded.state, excluded.error)
"""
_FORGET = """
UPDATE source SET state = CASE WHEN declared THEN 'new' ELSE 'removed' END, state_since = $2, error = NULL
 WHERE module = $1 AND state = ANY($4::text[]) AND (declared OR name <> ALL($3::text[]))
"""


async def know(connection: Connection, module: str, off: Mapping[str, Off], at: datetime) -> None:
    """Make these the module's sources that are not collected; asyncio-flavoured, in a writer's transaction.

    One that is declared again is `new`, one whose declaration is gone `removed`.
    """
    words = [(name, each.state, storable(each.why)) for name, each in off.items()]
    names, states, whys = (list(column) for column in zip(*words, strict=True)) if words else ([], [], [])
    await connection.execute(_FORGET, module, at, names, list(STATES))
    await connection.execute(_KNOW, module, at, names, states, whys)
