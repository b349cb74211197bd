"""`tipd findings`: read the log of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse

_PAGE = 10_000


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("findings", help="read findings of the past")
    parser.add_argument("--since", metavar="SEQ", type=int, help="only later ones than this (from the first there is)")
    parser.add_argument("--limit", metavar="N", type=_count, default=1000, help="at most so many; 0: all (%(default)s)")
    parser.add_argument("--kind", metavar="KIND", action="append", default=[], help="only this kind (may be repeated)")
    parser.add_argument(
        "--watch", metavar="NAME", action="append", default=[], help="only what this watch of yours matches; *: any"
    )
    parser.add_argument(
        "--tag",
        metavar="TAG",
        action="append",
        default=[],
        help="only of names with this tag (may be repeated)",
    )
    parser.add_argument("--no-initial", action="store_true", help="without what a source's first round loaded")


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count


def run(args: argparse.Namespace) -> int:
    """Print findings, oldest first; 1 where there is none."""
    client, output = Client.of(args), Output.of(args)
    since, left, shown = args.since, args.limit or float("inf"), 0
    wanted = {"kind": args.kind, "watch": args.watch, "tag": args.tag, "initial": "false" if args.no_initial else None}
    while left > 0:
        query = {"since": since, "limit": int(min(left, _PAGE)), **wanted}
        page = client.get("/api/v1/findings", query)
        for finding in page["findings"]:
            write(output, finding)
        shown += len(page["findings"])
        left -= len(page["findings"])
        since = page["last"]
        if not page["more"]:
            break
    return EXIT_DONE if shown else EXIT_NEGATIVE


def write(output: Output, finding: dict[str, Any]) -> None:
    """Write one finding, as JSON or as a line: seq, time, kind, source, subject."""
    if output.as_json:
        output.record(finding)
        return
    subject = finding.get("subject") or {}
    kind = finding["kind"]
    colour = {"indicator.listed": "red", "indicator.delisted": "green"}.get(kind, "yellow")
    words = [str(finding["seq"]), finding["at"], output.coloured(f"{kind:<18}", colour)]
    words += [printable(finding.get("source") or finding["module"]), subject.get("kind", "")]
    words += [printable(subject.get("value", "")) or _told(finding.get("data") or {})]
    words += [output.coloured(f"[{printable(name)}]", "blue") for name in finding.get("watches", ())]
    words += ["(allowed)"] if finding.get("allowed") else []
    output.line(" ".join(word for word in words if word))


def _told(data: dict[str, Any]) -> str:
    return printable(" ".join(f"{key}={value}" for key, value in data.items()))
