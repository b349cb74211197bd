"""What the demo prints of fast-flux tracking: who was confirmed, where a node leads, who belongs together."""

from __future__ import annotations

import sys
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
    """Walk from the first confirmed name to the node that most others share, and from there to its names."""
    best: tuple[str, list[str]] = ("", [])
    for name in names:
        rows = (await daemon.ask(config, f"/api/v1/flux/domains/{name}"))["rrsets"]
        addresses = [record["data"] for rrset in rows if rrset["type"] == "A" for record in rrset["records"]]
        for address in addresses[:_SHOWN]:
            led = (await daemon.ask(config, f"/api/v1/pivot/{address}"))["rows"]
            found = sorted({str(row["value"]) for row in led if row["kind"] == "domain"})
            best = max(best, (address, found), key=lambda each: len(each[1]))
    if best[0]:
        print(f"the node {best[0]} leads to: {', '.join(best[1])}")


def _row(world: script.World, row: dict[str, Any] | None) -> tuple[str, ...]:
    if row is None:
        return (world.name, "-", "-", "-", "-", world.title)
    score = "-" if row["score"] is None else f"{row['score']:.2f}"
    return (world.name, str(row["state"]), str(row["tier"]), score, ", ".join(row["tags"]) or "-", world.title)
