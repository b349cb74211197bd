"""Telling systemd how it goes (sd_notify(3)); nothing happens where nobody listens."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Mapping

_PER_SECOND = 1_000_000
_SHARE = 3  # of the time systemd waits, so often it is told


def tell(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send `READY=1`, `STOPPING=1`, `WATCHDOG=1` …; what cannot be told is not."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    where = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as one:
        one.settimeout(0)
        try:
            one.sendto(state.encode(), where)
        except OSError:
            return


async def keep_awake(environ: Mapping[str, str] = os.environ) -> None:
    """Tell the watchdog that the loop turns, for as long as systemd wants to know."""
    try:
        within = int(environ.get("WATCHDOG_USEC", "0")) / _PER_SECOND
    except ValueError:
        return
    while within > 0:
        tell("WATCHDOG=1", environ)
        await trio.sleep(within / _SHARE)
