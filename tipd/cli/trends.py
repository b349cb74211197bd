"""`tipd trends`: what rises and falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse

_BARS = "▁▂▃▄▅▆▇█"
_FILTERS = ("source", "kind", "class", "asn")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    verb = subparsers.add_parser("trends", help="show what rises and falls")
    verb.add_argument("--by", choices=("day", "week", "month"), default="day", help="periods (default: day)")
    verb.add_argument("--of", choices=_FILTERS, default="source", help="what is counted apart (default: source)")
    verb.add_argument("--since", metavar="DAY", help="first day, as 2026-11-22")
    verb.add_argument("--until", metavar="DAY", help="the day after the last")
    verb.add_argument("--top", type=int, default=20, metavar="N", help="how many are shown (default: 20)")
    for name in _FILTERS:
        verb.add_argument(f"--{name}", action="append", default=[], metavar=name.upper(), help=f"only this {name}")


def run(args: argparse.Namespace) -> int:
    """Print one line for each source, kind, class or AS, most moved first."""
    query = [("by", args.by), ("of", args.of), ("limit", str(args.top))]
    query += [(name, text) for name in ("since", "until") if (text := getattr(args, name))]
    query += [(name, text) for name in _FILTERS for text in getattr(args, name)]
    told = Client.of(args).get(f"/api/v1/trends?{urlencode(query)}")
    output = Output.of(args)
    if output.as_json:
        for row in told["rows"]:
            output.record({**row, "periods": [period["start"] for period in told["periods"]]})
        return EXIT_DONE if told["rows"] else EXIT_NEGATIVE
    if told["behind"]:
        output.say(f"{told['behind']:,} findings are not counted yet")
    if not told["rows"]:
        output.say("nothing was listed or delisted in that time")
        return EXIT_NEGATIVE
    first, last = told["periods"][0]["start"], told["periods"][-1]["end"]
    output.line(f"listed by {told['by']}, {first} to {last}; last: the last {told['by']} that is over")
    for row in told["rows"]:
        output.line(_line(row, output, told))
    return EXIT_DONE


def _line(row: dict[str, Any], output: Output, told: dict[str, Any]) -> str:
    word, colour = "", ""
    if row["name"] in told["rising"]:
        word, colour = "rises", "red"
    elif row["name"] in told["falling"]:
        word, colour = "falls", "green"
    change = "" if row["change"] is None else f"{row['change']:+.0%}"
    name = printable(f"{row['name']} {row['label']}".strip())
    numbers = f"{row['last']:>10,} {row['before']:>12,.1f} {change:>8}"
    return f"{name:<32} {bars(row['listed'])} {numbers} {output.coloured(word, colour) if word else ''}".rstrip()


def bars(counts: list[int]) -> str:
    """Return a bar a count, the greatest the highest."""
    most = max([*counts, 1])
    return "".join(_BARS[min(len(_BARS) - 1, count * len(_BARS) // (most + 1))] for count in counts)
