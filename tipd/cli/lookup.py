"""`tipd lookup`: what is listed, by containment too. Ends with 1 where nothing is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

AT_ONCE = 10_000


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "lookup",
        help="ask what is listed",
        description="Ask what is listed: addresses, networks, names, URLs, hashes. Ends with 1 where nothing is.",
    )
    parser.add_argument("values", metavar="VALUE", nargs="+", help="what to ask; - reads lines from standard input")


def run(args: argparse.Namespace) -> int:
    """Ask in batches and print one line a value."""
    client, output = Client.of(args), Output.of(args)
    listed = 0
    with output.progress("values") as progress:
        for batch in _batches(_values(args.values)):
            results = client.post("/api/v1/lookup", {"values": batch})["results"]
            for result in results:
                listed += bool(result["listed"])
                _write(output, result)
            output.flush()
            progress.add(len(results))
    return EXIT_DONE if listed else EXIT_NEGATIVE


def _values(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word != "-":
            yield word
            continue
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
        yield from (stripped for line in sys.stdin if (stripped := line.strip()))


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for value in values:
        batch.append(value)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(output: Output, result: dict[str, Any]) -> None:
    if output.as_json:
        output.record(result)
        return
    value = printable(result["value"])
    if result["kind"] is None:
        output.line(f"{value}\t{output.coloured('not an indicator', 'yellow')} ({result.get('error', '')})")
    elif result.get("allowed"):
        allowed = result["allowed"]
        until = f" until {allowed['until']}" if allowed["until"] else ""
        why = f"allowed{until}: {printable(allowed['reason'])}"
        output.line(f"{value}\t{output.coloured(why, 'yellow')}\t{' '.join(result['sources'])}\t{_matches(result)}")
    elif not result["listed"]:
        output.line(f"{value}\t{output.coloured('not listed', 'dim')}")
    else:
        shown = output.coloured("listed", "red")
        sources = " ".join(result["sources"])
        output.line(f"{value}\t{shown} {result['confidence']:.2f}\t{sources}\t{_matches(result)}")


def _matches(result: dict[str, Any]) -> str:
    return ", ".join(_match(match) for match in result["matches"])


def _match(match: dict[str, str]) -> str:
    return match["how"] if match["how"] == "exact" else f"{match['how']} {printable(match['value'])}"
