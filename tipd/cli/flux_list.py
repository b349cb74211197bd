"""`tipd flux list`: tracked names. Ends with 1 where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.flux_add import PATH
from tipd.cli.moment import short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_PAGE = 10_000
_TITLES = ("NAME", "STATE", "TIER", "SCORE", "SINCE", "TLP", "TAGS", "REASON")
_NEEDS_RESOLVER = "needs_resolver"


def run(args: argparse.Namespace) -> int:
    """Print names in the order of their bytes."""
    if args.limit < 0:
        raise UsageError("--limit is a number from 0")
    client, output = Client.of(args), Output.of(args)
    rows = []
    shown = 0
    for row in _rows(client, output, args):
        shown += 1
        if output.as_json:
            output.record(row)
        else:
            rows.append(_cells(row))
    if rows:
        output.table(_TITLES, rows)
    if not shown:
        output.say("no such name is tracked")
    return EXIT_DONE if shown else EXIT_NEGATIVE


def _rows(client: Client, output: Output, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    query = {"state": args.state, "tag": args.tag, "tier": args.tier, "apex": args.apex, "text": args.text}
    left, after, told = args.limit or float("inf"), "", False
    while left > 0:
        page = client.get(PATH, {**query, "after": after or None, "limit": int(min(left, _PAGE))})
        if not told:
            warn(output, page["tracker"])
            told = True
        yield from page["domains"]
        left -= len(page["domains"])
        after = page["next"]
        if after is None:
            return


def warn(output: Output, tracker: dict[str, Any] | None) -> None:
    """Say on standard error that nothing is asked yet, and what is missing."""
    if tracker is not None and tracker["state"] == _NEEDS_RESOLVER:
        output.say(f"{_NEEDS_RESOLVER}: {printable(tracker['why'])}")


def _cells(row: dict[str, Any]) -> list[str]:
    score = "" if row["score"] is None else f"{row['score']:.2f}"
    return [
        row["domain"],
        row["state"],
        row["tier"],
        score,
        short(row["since"]),
        row["tlp"],
        " ".join(row["tags"]),
        row["reason"],
    ]
