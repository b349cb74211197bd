"""What the demo prints of spamtraps: what came, from whom, what belongs together, and what a colleague was shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from demo import daemon
from demo.post import mails
from tipd.cli.output import Output

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 8  # campaigns


async def print_post(config: Path, colleague: Path) -> None:
    """Ask both daemons; print tables."""
    output = Output(as_json=False, quiet=False, out=sys.stdout, err=sys.stderr)
    print("\nspamtraps\n")
    traps = (await daemon.ask(config, "/api/v1/spamtraps"))["spamtraps"]
    columns = ("NAME", "KIND", "STATE", "MAILS", "RECIPIENTS", "LISTED")
    output.table(columns, [tuple(str(trap[key]) for key in _TRAP) for trap in traps])
    print()
    campaigns = (await daemon.ask(config, f"/api/v1/campaigns?limit={_SHOWN}&order=mails"))["campaigns"]
    titles = ("CAMPAIGN", "MAILS", "TRAPS", "SOURCES", "SUBJECT")
    output.table(titles, [_campaign(campaign) for campaign in campaigns])
    print("(archive and agent mask with keys of their own, so a trap that both have counts once for each)")
    print()
    for who, path in (("ours", config), ("a colleague's", colleague)):
        for agent in (await daemon.ask(path, "/api/v1/agents"))["agents"]:
            view, last, count = agent["view"], agent["last"], agent["records"]
            print(f"{who}: agent {agent['name']}, view {view}, version {last}, {count} mails, {agent['gaps']} gaps")
    print(f"the colleague's mails name {await _people(colleague)} of {len(mails.TRAPS)} traps, senders or subjects")


_TRAP = ("name", "kind", "state", "mails", "traps", "entries")


def _campaign(campaign: dict[str, Any]) -> tuple[str, ...]:
    sources = ", ".join(campaign["sources"])
    return campaign["campaign"], str(campaign["mails"]), str(campaign["traps"]), sources, campaign["subject"][:50]


async def _people(colleague: Path) -> int:
    """Count what of people stands anywhere in what the colleague's daemon stores of mails."""
    said = str((await daemon.ask(colleague, "/api/v1/mails?limit=1000"))["mails"]).lower()
    words = [trap.partition("@")[0] for trap in mails.TRAPS] + [mails.BANK, "your account was locked"]
    return sum(word in said for word in words)
