"""`tipd lookup`: what is listed, by containment too. Ends with 1 where nothing is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.moment import moment, short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, TipdError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

AT_ONCE = 10_000


class NothingAsked(TipdError):
    """No value and no log."""

    exit_code = EXIT_USAGE


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "lookup",
        help="ask what is listed",
        description="Ask what is listed: addresses, networks, names, URLs, hashes. Ends with 1 where nothing is.",
    )
    parser.add_argument("values", metavar="VALUE", nargs="*", help="what to ask; - reads lines from standard input")
    parser.add_argument("--at", metavar="DATE", help="ask what was listed at that moment (without a zone: UTC)")
    log = parser.add_argument_group("logs")
    log.add_argument("--log", metavar="FILE", help="read a log: what was listed when each line was written; - is stdin")
    log.add_argument("--time-format", metavar="FORMAT", help="of its times, as strptime has it, where they are unusual")
    log.add_argument("--timezone", metavar="ZONE", help="of times without one (default: this machine's)")
    log.add_argument("--year", metavar="YEAR", type=int, help="of the first line, where its times have none")
    log.add_argument("--lines", action="store_true", help="show the lines too")


def run(args: argparse.Namespace) -> int:
    """Ask in batches and print one line a value."""
    if args.log is not None:
        from tipd.cli import log_lookup

        return log_lookup.run(args)
    if not args.values:
        raise NothingAsked("usage: tipd lookup VALUE…, or tipd lookup --log FILE")
    at = moment(args.at).isoformat() if args.at else None
    client, output = Client.of(args), Output.of(args)
    # What sources say beside it costs a question to the database, so it is not asked for long lists.
    more = {} if "-" in args.values else {"context": True}
    listed = 0
    with output.progress("values") as progress:
        for batch in _batches(_values(args.values)):
            asked = batch if at is None else [{"value": value, "at": at} for value in batch]
            results = client.post("/api/v1/lookup", {"values": asked} | more)["results"]
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
        why = f"allowed{until}" + (f": {printable(allowed['reason'])}" if allowed["reason"] else "")
        output.line(f"{value}\t{output.coloured(why, 'yellow')}\t{' '.join(result['sources'])}\t{_matches(result)}")
    elif not result["listed"]:
        later = result.get("listed_later")
        after = f"; first listed {short(later['at'])} by {' '.join(later['sources'])}" if later else ""
        output.line(f"{value}\t{output.coloured('not listed', 'dim')}{after}")
    else:
        shown = output.coloured("listed", "red")
        sources = " ".join(result["sources"])
        output.line(f"{value}\t{shown} {result['confidence']:.2f}\t{sources}\t{_matches(result)}")
        _write_said(output, result)


def _write_said(output: Output, result: dict[str, Any]) -> None:
    for match in result["matches"]:
        for said in match.get("said", ()):
            beside = " ".join(f"{name}={_text(value)}" for name, value in said["context"].items())
            output.line(f"  {said['source']}\tsince {short(said['first_seen'])}\t{printable(beside)}")


def _text(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)


def _matches(result: dict[str, Any]) -> str:
    return ", ".join(_match(match) for match in result["matches"])


def _match(match: dict[str, str]) -> str:
    return match["how"] if match["how"] == "exact" else f"{match['how']} {printable(match['value'])}"
