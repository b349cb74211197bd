"""What the demo prints at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from demo.daemon import get_json

if TYPE_CHECKING:
    from demo.watcher import Tally

HEALTHY = frozenset({"ok", "unchanged"})


async def print_report(base: str, token: str, tally: Tally, *, alive: bool) -> int:
    """Ask the daemon for its sources, print the tables, return the exit code."""
    console = Console()
    if not alive:
        console.print("the daemon ended before its time")
        return 1
    sources: list[Any] = (await get_json(f"{base}/api/v1/sources", token))["sources"]  # type: ignore[assignment]
    stored = await _stored_findings(base, token, tally.last)
    console.print(_source_table(sources))
    for kind, count in tally.kinds.most_common():
        console.print(f"{count:>7}  {kind}")
    degraded = sorted(source["name"] for source in sources if source["state"] not in HEALTHY)
    console.print(f"degraded sources: {', '.join(degraded) or 'none'}")
    missed = stored - tally.findings
    followed = f"{tally.findings} findings, resumed {tally.resumed} times"
    console.print(f"stream: {followed}, {missed} missed, {tally.disorder} out of order")
    return 0 if tally.findings and not missed and not tally.disorder else 1


async def _stored_findings(base: str, token: str, last: int) -> int:
    """Count the findings up to `last` that the log holds."""
    since, count = 0, 0
    while True:
        page: dict[str, Any] = await get_json(f"{base}/api/v1/findings?since={since}&limit=10000", token)
        count += sum(1 for finding in page["findings"] if finding["seq"] <= last)
        if not page["more"] or page["last"] >= last:
            return count
        since = page["last"]


def _source_table(sources: list[Any]) -> Table:
    table = Table("source", "state", "entries", "refused", title="what was collected")
    for source in sorted(sources, key=lambda row: str(row["name"])):
        refused = ", ".join(f"{reason} {count}" for reason, count in sorted(source["refused"].items()))
        table.add_row(source["name"], source["state"], str(source["entries"]), refused)
    return table
