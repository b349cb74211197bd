"""What an operator does meanwhile: enter a partner's key, report a phish, take it back, allow a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from demo import daemon, partner, tracking

if TYPE_CHECKING:
    from pathlib import Path

REPORTED = "https://phish.example.org/login"
ALLOWED = "198.51.100.66"  # the poisoned list has it


async def work(config: Path) -> None:
    """Do it all within some ten seconds."""
    await daemon.command(config, "sources", "key", "demo_partner", given=partner.KEY.encode() + b"\n")
    _say("entered the key of the partner's MISP")
    why = ("--reason", "seen by a user")
    await daemon.command(config, "report", REPORTED, "--source", "demo_reports", *why, "--for", "1h")
    _say(f"reported {REPORTED}")
    await daemon.command(config, "allow", ALLOWED, "--reason", "a customer of ours", "--for", "1d")
    _say(f"allowed {ALLOWED}")
    _say(f"put {', '.join(await tracking.add_by_hand(config))} under watch")
    await trio.sleep(6)
    taken_back = ("--reason", "it was a drill", "--withdraw")
    await daemon.command(config, "report", REPORTED, "--source", "demo_reports", *taken_back)
    _say(f"took {REPORTED} back")


def _say(what: str) -> None:
    print(f"-- the operator {what}", flush=True)
