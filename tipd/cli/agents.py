"""`tipd agents`: what is taken from the agents on mail hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.moment import short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PATH = "/api/v1/agents"
_TITLES = ("NAME", "VIEW", "STATE", "LAST", "LAG", "GAPS", "RECORDS", "TAKEN", "TLP", "REFUSED")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("agents", help="list agents on mail hosts: last version, lag, gaps")
    verbs = parser.add_subparsers(dest="agents_verb", metavar="VERB", required=True)
    verbs.add_parser("list", help="list agents; ends with 1 where there is none")
    show = verbs.add_parser("show", help="show one agent: how far it was taken, its key, what was refused")
    show.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    client, output = Client.of(args), Output.of(args)
    return _show(client, output, args.name) if args.agents_verb == "show" else _list(client, output)


def _list(client: Client, output: Output) -> int:
    rows = client.get(PATH)["agents"]
    if output.as_json:
        for row in rows:
            output.record(row)
    elif rows:
        output.table(_TITLES, [_cells(row) for row in rows])
    if not rows:
        output.say("no agent is configured ([[modules.spamtrap.agents]])")
    return EXIT_DONE if rows else EXIT_NEGATIVE


def _cells(row: dict[str, Any]) -> list[str]:
    refused = row["refused"]["reason"] if row["refused"] else ""
    behind = "" if row["last_there"] in (None, row["last"]) else f" of {row['last_there']:,}"
    counts = (f"{row['gaps']:,}", f"{row['records']:,}")
    return [
        row["name"],
        row["view"],
        row["state"],
        f"{row['last']:,}{behind}",
        lag(row["lag_s"]),
        *counts,
        short(row["taken"]),
        row["tlp"],
        refused,
    ]


def lag(seconds: float | None) -> str:
    """Return a lag in the largest unit of which it has two; empty where it is not known."""
    if seconds is None:
        return ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def _show(client: Client, output: Output, name: str) -> int:
    told = client.get(f"{PATH}/{quote(name, safe='')}")
    if output.as_json:
        output.record(told)
        return EXIT_DONE
    for line in _lines(told):
        output.line(printable(line))
    return EXIT_DONE


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['name']}: view {told['view']}, {told['state']}"
    there = f", the agent has {told['last_there']:,}" if told["last_there"] is not None else ""
    behind = f", lag {lag(told['lag_s'])}" if told["lag_s"] is not None else ""
    yield f"version {told['last']:,}{there}{behind}"
    yield from (f"sealed {short(told['sealed'])}, taken {short(told['taken'])} (UTC)",) if told["taken"] else ()
    yield f"{told['records']:,} mails in {told['bytes']:,} bytes of versions, {told['withdrawn']:,} withdrawn"
    yield from (f"{told['gaps']:,} versions were gone before they could be taken",) if told["gaps"] else ()
    yield from ("sealed while older mails still waited",) if told["backlog"] else ()
    onward = "may be passed on" if told["onward"] else "may not be passed on"
    yield f"tlp {told['tlp']}, {onward}" + (f", {told['licence']}" if told["licence"] else "")
    yield from (f"key {told['key']}{', taken at the first contact' if told['pinned'] else ''}",) if told["key"] else ()
    yield from (f"answered last {short(told['last_success'])} (UTC)",) if told["last_success"] else ()
    if told["refused"]:
        one = told["refused"]
        number = f" of version {one['number']:,}" if one["number"] is not None else ""
        yield f"refused{number}: {one['reason']}, {short(one['at'])}: {one['detail']}"
    yield from (f"error {told['error']}",) if told["error"] else ()
