"""`tipd spamtraps`: archives and agents, and what they take in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.moment import short
from tipd.cli.output import Output, printable
from tipd.cli.trends import bars
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PATH = "/api/v1/spamtraps"
_TITLES = ("NAME", "KIND", "STATE", "MAILS", "TRAPS", "LISTED", "FIRST", "LAST", "TLP", "ERROR")
_SHOWN = 10


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    verb = subparsers.add_parser(
        "spamtraps",
        help="show what spamtraps take in",
        description="Show archives and agents, and what they took in: mails a day, by class, networks, defects."
        " Ends with 1 where there is no trap.",
    )
    verb.add_argument("--days", metavar="N", type=int, default=30, help="count so many days (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print what the traps take in."""
    told = Client.of(args).get(PATH, {"days": args.days})
    output = Output.of(args)
    if output.as_json:
        output.record(told)
    elif told["spamtraps"]:
        output.table(_TITLES, [_cells(row) for row in told["spamtraps"]])
        for line in _lines(told):
            output.line(printable(line))
    if not told["spamtraps"]:
        output.say("no archive and no agent is configured ([modules.spamtrap])")
    return EXIT_DONE if told["spamtraps"] else EXIT_NEGATIVE


def _cells(row: dict[str, Any]) -> list[str]:
    counts = (f"{row[name]:,}" for name in ("mails", "traps", "entries"))
    span = (short(row["first_seen"]), short(row["last_seen"]))
    return [row["name"], row["kind"], row["state"], *counts, *span, row["tlp"], row["error"] or ""]


def _lines(told: dict[str, Any]) -> Iterator[str]:
    days = told["days"]
    if days:
        counts = [one["mails"] for one in days]
        yield f"mails a day, {days[0]['day']} to {days[-1]['day']}: {bars(counts)} {sum(counts):,} in all"
    for title, counted in (("classes", told["classes"]), ("defects", told["defects"])):
        words = [f"{word} {count:,}" for word, count in counted.items()]
        yield from (f"{title}: {', '.join(words[:_SHOWN])}",) if words else ()
    for one in told["networks"][:_SHOWN]:
        name = f"AS{one['asn']} {one['name']}".rstrip() if one["asn"] else "unknown AS"
        yield f"{one['mails']:>10,} mails from {one['addresses']:,} addresses of {name}"
