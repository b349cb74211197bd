"""`tipd report`: list values yourself, or take them back. Ends with 1 where one was refused or did not stand."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

AT_ONCE = 10_000
OWN = "local"


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "report",
        help="list a value yourself, or take it back",
        description="Report values to a source that is kept by hand: they are listed at once, and told. Reporting them "
        "again lets them last longer; --withdraw takes them back at once. Ends with 1 where one was refused, or did "
        "not stand.",
    )
    parser.add_argument("values", metavar="VALUE", nargs="+", help="what to report; - reads lines from standard input")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; it is kept beside each value")
    parser.add_argument("--source", metavar="NAME", default=OWN, help=f"which source; {OWN} where not given")
    parser.add_argument("--for", metavar="DURATION", dest="lasts", help="how long, such as 3d; else until taken back")
    parser.add_argument("--tlp", metavar="MARK", help="who may see it, where that is stricter than its source's mark")
    parser.add_argument("--withdraw", action="store_true", help="take the values back")


def run(args: argparse.Namespace) -> int:
    """Report or withdraw in batches; say what became of them."""
    if not args.reason.strip():
        raise UsageError("--reason TEXT is needed: whoever reads this in a year wants to know why")
    if args.withdraw and (args.lasts or args.tlp):
        raise UsageError("--for and --tlp go with reporting, not with --withdraw")
    client, output = Client.of(args), Output.of(args)
    path = f"/api/v1/sources/{quote(args.source, safe='')}/entries"
    sums = dict.fromkeys(("listed", "known", "withdrawn", "absent", "refused"), 0)
    for batch in itertools.batched(_values(args.values), AT_ONCE, strict=False):
        done = _send(client, path, batch, args)
        for value, result in zip(batch, done["results"], strict=True):
            sums[result["result"]] += 1
            _write(output, value, result)
        output.flush()
    if not output.as_json:
        told = ", ".join(f"{number} {word}" for word, number in sums.items() if number) or "nothing to report"
        output.line(f"{args.source}: {told}")
    return EXIT_NEGATIVE if sums["refused"] or sums["absent"] else EXIT_DONE


def _send(client: Client, path: str, batch: Iterable[str], args: argparse.Namespace) -> Any:
    if args.withdraw:
        return client.delete(path, body={"values": list(batch), "reason": args.reason})
    more = {name: value for name, value in (("for", args.lasts), ("tlp", args.tlp)) if value is not None}
    entries = [{"value": value, **more} for value in batch]
    return client.post(path, {"entries": entries, "reason": args.reason})


def _write(output: Output, value: str, result: dict[str, Any]) -> None:
    if output.as_json:
        output.record(result)
    elif result["result"] == "refused":
        why = printable(result.get("reason", ""))
        output.line(f"{printable(value)}\t{output.coloured('refused', 'yellow')}: {why}")
    elif result["result"] == "absent":
        output.line(f"{printable(value)}\t{output.coloured('did not stand there', 'dim')}")


def _values(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word != "-":
            yield word
            continue
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
        yield from (stripped for line in sys.stdin if (stripped := line.strip()))
