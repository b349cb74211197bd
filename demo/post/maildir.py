"""A maildir that keeps filling, as a delivery program fills it: written in `tmp`, then renamed into `new`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from demo.post.mails import HOST, mail
from tipd.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

BACKLOG = 60  # mails that lie there when the agent first looks
PAUSE = 0.2  # seconds between two mails


def make(folder: Path) -> None:
    """Make the maildir with what came before."""
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(BACKLOG):
        deliver(folder, number)


def deliver(folder: Path, number: int) -> Path:
    """Deliver one mail and return its file."""
    now = SystemClock().now()
    name = f"{now.timestamp():.0f}.M{number}P1.{HOST}"
    waiting, there = folder / "tmp" / name, folder / "new" / name
    waiting.write_bytes(mail(number, at=now, seed="host"))
    waiting.rename(there)
    return there


async def keep_filling(folder: Path) -> None:
    """Deliver a mail every now and then until cancelled."""
    number = BACKLOG
    while True:
        await trio.sleep(PAUSE)
        deliver(folder, number)
        number += 1
