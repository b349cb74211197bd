"""What the demo prints at its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import trio

from demo import daemon
from demo.flux_report import print_flux
from tipd.cli.client import Client, Place
from tipd.cli.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from demo.pager import Pager
    from demo.watcher import Tally

HEALTHY = frozenset({"ok", "unchanged"})


async def print_report(config: Path, port: int, green: str, tally: Tally, pager: Pager, *, alive: bool) -> int:
    """Ask the daemon for its sources, print the tables, return the exit code."""
    if not alive:
        print("the daemon ended before its time")
        return 1
    sources: list[Any] = (await daemon.ask(config, "/api/v1/sources"))["sources"]
    stored = await _stored_findings(config, tally.last)
    await print_flux(config)
    print("\nwhat was collected\n")
    output = Output(as_json=False, quiet=False, out=sys.stdout, err=sys.stderr)
    output.table(
        ("SOURCE", "STATE", "ENTRIES", "REFUSED"), map(_row, sorted(sources, key=lambda row: str(row["name"])))
    )
    print()
    for kind, count in tally.kinds.most_common():
        print(f"{count:>7}  {kind}")
    degraded = sorted(source["name"] for source in sources if source["state"] not in HEALTHY)
    print(f"degraded sources: {', '.join(degraded) or 'none'}")
    print(f"ended because: {', '.join(f'{why} {count}' for why, count in sorted(tally.reasons.items())) or '-'}")
    print(f"the pager was told of {pager.findings} findings of ours, {pager.forged} messages were not signed")
    hidden = await _seen(port, green, "demo_partner")
    print(f"with a green token one sees {hidden} of the partner's amber findings")
    missed = stored - tally.findings
    followed = f"{tally.findings} findings, resumed {tally.resumed} times"
    print(f"stream: {followed}, {missed} missed, {tally.disorder} out of order", flush=True)
    return 0 if tally.findings and not missed and not tally.disorder else 1


async def _seen(port: int, token: str, source: str) -> int:
    """Count the findings of a source that a token is shown."""
    client = Client(Place(host="127.0.0.1", port=port, token=token))
    since, count = 0, 0
    try:
        while True:
            page = await trio.to_thread.run_sync(client.get, f"/api/v1/findings?since={since}&limit=10000")
            count += sum(1 for finding in page["findings"] if finding["source"] == source)
            if not page["more"]:
                return count
            since = page["last"]
    finally:
        client.close()


async def _stored_findings(config: Path, last: int) -> int:
    """Count the findings up to `last` that the log holds for who follows the stream, who may see what is amber."""
    since, count = 0, 0
    while True:
        page = await daemon.ask(config, f"/api/v1/findings?since={since}&limit=10000")
        count += sum(1 for one in page["findings"] if one["seq"] <= last and one.get("tlp") != "red")
        if not page["more"] or page["last"] >= last:
            return count
        since = page["last"]


def _row(source: dict[str, Any]) -> tuple[str, str, str, str]:
    refused = ", ".join(f"{reason} {count}" for reason, count in sorted(source["refused"].items()))
    return str(source["name"]), str(source["state"]), str(source["entries"]), refused
