"""`tipd allow`: what the operator allows, whatever lists it; at once, everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE, UsageError

if TYPE_CHECKING:
    import argparse

_PATH = "/api/v1/allowed"


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "allow",
        help="allow a value, whatever lists it",
        description="Allow a value, whatever lists it: an address, a network with all inside it, a name with all below "
        "it, a URL, a hash. It acts at once on look-ups, exports and the stream; removed, everything is back. Without "
        "a value, list what is allowed.",
    )
    parser.add_argument("value", metavar="VALUE", nargs="?", help="what to allow")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; it is kept, and shown at look-up")
    parser.add_argument("--for", metavar="DURATION", dest="lasts", help="how long, such as 30d; without it, for good")
    parser.add_argument("--remove", action="store_true", help="allow it no more")


def run(args: argparse.Namespace) -> int:
    """Add, remove or list."""
    client, output = Client.of(args), Output.of(args)
    if args.value is None:
        if args.remove or args.reason or args.lasts:
            raise UsageError("which value? `tipd allow VALUE …`")
        _list(client, output)
    elif args.remove:
        _remove(args, client, output)
    else:
        _add(args, client, output)
    return EXIT_DONE


def _list(client: Client, output: Output) -> None:
    entries = client.get(_PATH)["allowed"]
    if output.as_json:
        for entry in entries:
            output.record(entry)
        return
    rows = [[one["kind"], one["value"], one["until"] or "for good", one["by"], one["reason"]] for one in entries]
    output.table(("KIND", "VALUE", "UNTIL", "BY", "REASON"), rows)


def _add(args: argparse.Namespace, client: Client, output: Output) -> None:
    if not args.reason.strip():
        raise UsageError("--reason TEXT is needed: whoever reads this in a year wants to know why")
    body = {"value": args.value, "reason": args.reason}
    if args.lasts is not None:
        body["for"] = args.lasts
    entry = client.post(_PATH, body)
    if output.as_json:
        output.record(entry)
        return
    until = f"until {entry['until']}" if entry["until"] else "until it is removed"
    output.line(f"{entry['kind']} {entry['value']} is allowed {until}")


def _remove(args: argparse.Namespace, client: Client, output: Output) -> None:
    if args.lasts is not None:
        raise UsageError("--for goes with allowing a value, not with --remove")
    query = {"reason": args.reason} if args.reason else {}
    gone = client.delete(f"{_PATH}/{quote(args.value, safe='')}", query)
    if output.as_json:
        output.record(gone)
    else:
        output.line(f"{gone['kind']} {gone['value']} is allowed no more: what lists it counts again")
