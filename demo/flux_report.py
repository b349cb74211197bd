"""What the demo prints of fast-flux tracking: who was confirmed, where a node leads, who belongs together."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from demo import daemon
from demo.worlds import script
from tipd.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SHOWN = 6  # names of a network on a line


async def print_flux(config: Path) -> None:
    """Ask the daemon for the names of the worlds, one node and the networks; print tables."""
    domains = await tracked(config)
    output = Output(as_json=False, quiet=False, out=sys.stdout, err=sys.stderr)
    print("\nfast-flux tracking\n")
    columns = ("NAME", "STATE", "TIER", "HOLZ", "TAGS", "WHAT IT IS")
    output.table(columns, [_row(world, domains.get(world.name)) for world in script.WORLDS])
    print()
    found = sorted(name for name, row in domains.items() if row["state"] == "confirmed")
    print(f"fast-flux networks confirmed: {', '.join(found) or 'none'}")
    await _print_node(config, found)
    for network in (await daemon.ask(config, "/api/v1/flux/networks"))["networks"]:
        names = ", ".join(network["names"][:_SHOWN])
        print(f"network {network['network']} shares addresses: {names}")


async def tracked(config: Path) -> dict[str, dict[str, Any]]:
    """Return all names under watch as the API shows them."""
    found: dict[str, dict[str, Any]] = {}
    after = ""
    while True:
        page = await daemon.ask(config, f"/api/v1/flux/domains?limit=10000&after={after}")
        found |= {str(row["domain"]): row for row in page["domains"]}
        if (after := page["next"] or "") == "":
            return found


async def _print_node(config: Path, names: Iterable[str]) -> None:
    """Walk from the node that most confirmed names have had to all its names."""
    names_of: Counter[str] = Counter()
    for name in names:
        rows = (await daemon.ask(config, f"/api/v1/flux/domains/{name}"))["rrsets"]
        names_of.update({record["data"] for rrset in rows if rrset["type"] == "A" for record in rrset["records"]})
    walks: list[tuple[int, list[str], str]] = []
    for node, count in names_of.most_common(_SHOWN):
        led = (await daemon.ask(config, f"/api/v1/pivot/{node}"))["rows"]
        walks.append((count, sorted({str(row["value"]) for row in led if row["kind"] == "domain"}), node))
    if walks:
        _, found, node = max(walks, key=lambda walk: (walk[0], len(walk[1])))
        print(f"the node {node} leads to: {', '.join(found)}")


def _row(world: script.World, row: dict[str, Any] | None) -> tuple[str, ...]:
    if row is None:
        return (world.name, "-", "-", "-", "-", world.title)
    score = "-" if row["score"] is None else f"{row['score']:.2f}"
    return (world.name, str(row["state"]), str(row["tier"]), score, ", ".join(row["tags"]) or "-", world.title)
