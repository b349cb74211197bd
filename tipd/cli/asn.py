"""`tipd asn`: who announces an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    verb = subparsers.add_parser("asn", help="ask who announces an address")
    verbs = verb.add_subparsers(dest="asn_verb", metavar="VERB", required=True)
    verbs.add_parser("status", help="show the AS table there is")
    lookup = verbs.add_parser("lookup", help="say who announces addresses")
    lookup.add_argument("values", nargs="+", metavar="ADDRESS")


def run(args: argparse.Namespace) -> int:
    """Print what the daemon's table says; 1 where it does not know one of them, or there is none."""
    client, output = Client.of(args), Output.of(args)
    if args.asn_verb == "status":
        return _status(client.get("/api/v1/asn"), output)
    known = True
    for value in args.values:
        answer = client.get(f"/api/v1/asn/{quote(value, safe='/:')}")
        known = known and answer["asn"] is not None
        if output.as_json:
            output.record(answer)
        else:
            asn = "unknown" if answer["asn"] is None else f"AS{answer['asn']}"
            output.line(f"{answer['value']:<40} {asn:<12} {printable(answer['name'])}".rstrip())
    return EXIT_DONE if known else EXIT_NEGATIVE


def _status(status: dict[str, Any], output: Output) -> int:
    if output.as_json:
        output.record(status)
    elif status["state"] == "none":
        output.say("no AS table: name a file in [net] asn_file")
    else:
        for key, value in status.items():
            shown = f"{value:,}" if isinstance(value, int) else printable(str(value))
            output.line(f"{key:<14} {shown}")
    return EXIT_DONE if status["state"] == "ready" else EXIT_NEGATIVE
