"""Bringing one reader from its cursor to the hub's position, out of the log, at the reader's own pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.api.stream.message import findings_message, gap_message
from tipd.errors import GoneError, StoreAway
from tipd.model.finding import encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tipd.api.services import Findings
    from tipd.api.stream.hub import Hub
    from tipd.api.stream.message import Message
    from tipd.api.stream.reader import Reader
    from tipd.model.annotate import Annotations

_PAGE = 500
_RETRY = 1.0


class LogRestarted(Exception):
    """The log began anew while a reader was reading it: its cursor means nothing any more."""


async def catch_up(
    hub: Hub,
    findings: Findings,
    annotations: Annotations,
    reader: Reader,
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Send the reader everything after `reader.position`, then make it live.

    Where retention removed what comes next, a `gap` message says from where it goes on. `send` waits for the reader;
    what it raises ends the replay. While the store is away the reader waits. Raises LogRestarted.
    """
    while not hub.closed:
        try:
            await hub.reached(reader.position)
            # No pause between this look at the hub's position and joining.
            if hub.join(reader):
                return
            await _step(hub.position, findings, annotations, reader, send)
        except StoreAway:
            await trio.sleep(_RETRY)
        except GoneError as gone:
            if reader.position > gone.last:
                raise LogRestarted from None
            reader.position = gone.first - 1
            await send(gap_message(reader.position))


async def _step(
    target: int,
    findings: Findings,
    annotations: Annotations,
    reader: Reader,
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Send what the reader gets of one page of what was committed up to `target`."""
    choice = reader.choice
    read = await findings.read(reader.position, limit=_PAGE, kinds=tuple(choice.kinds))
    page = [finding for finding in read if finding.seq <= target]
    last = page[-1].seq if len(page) == _PAGE else target
    chosen = [finding for finding in annotations.annotated(page) if choice.admits(finding)]
    if chosen:
        await send(findings_message([encode(finding) for finding in chosen], last))
    reader.position = last
