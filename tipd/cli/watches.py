"""`tipd watches`: which watches there are, and which of them a value concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "watches",
        help="list watches, or say which of them a value concerns",
        description="List the watches of the configuration; with a value, those it concerns, and why.",
    )
    parser.add_argument("value", metavar="VALUE", nargs="?", help="an address, network, name, URL, …; none: list all")


def run(args: argparse.Namespace) -> int:
    """Print them; 1 where there is none."""
    client, output = Client.of(args), Output.of(args)
    if args.value in {None, "list"}:  # as the other nouns are listed; no indicator is written so
        names = client.get("/api/v1/watches")["watches"]
        for name in names:
            if output.as_json:
                output.record({"watch": name})
            else:
                output.line(name)
        return EXIT_DONE if names else EXIT_NEGATIVE
    matches = client.get("/api/v1/watches", {"value": args.value}).get("matches") or []
    for match in matches:
        if output.as_json:
            output.record(match)
    if matches and not output.as_json:
        output.table(("watch", "why"), [(match["watch"], match["why"]) for match in matches])
    elif not matches:
        output.say("no watch of yours")
    return EXIT_DONE if matches else EXIT_NEGATIVE
