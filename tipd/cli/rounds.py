"""`tipd rounds`: what a source's rounds did, and all that proves one of them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.moment import short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_PIECE = 1 << 20
_TITLES = ("ROUND", "OF", "WHY", "STATUS", "ENTRIES", "LISTED", "DELISTED", "BODY", "SHA-256")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("rounds", help="show what proves the past: the rounds of sources")
    verbs = parser.add_subparsers(dest="rounds_verb", metavar="VERB", required=True)
    list_ = verbs.add_parser("list", help="list the rounds of a source, newest first")
    list_.add_argument("name", metavar="NAME")
    list_.add_argument("--limit", metavar="N", type=int, default=50, help="at most so many (default %(default)s)")
    show = verbs.add_parser("show", help="show all that proves one round")
    show.add_argument("id", metavar="ID")
    body = verbs.add_parser("body", help="write the body that a round read to standard output, if it is kept")
    body.add_argument("id", metavar="ID")


def run(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    return {"list": _list, "show": _show, "body": _body}[args.rounds_verb](args, Client.of(args), Output.of(args))


def _list(args: argparse.Namespace, client: Client, output: Output) -> int:
    rounds: list[dict[str, Any]] = []
    before = None
    while len(rounds) < args.limit:
        query = {"limit": min(1000, args.limit - len(rounds)), "before": before}
        page = client.get(f"/api/v1/sources/{quote(args.name, safe='')}/rounds", query)
        rounds += page["rounds"]
        if not page["more"]:
            break
        before = rounds[-1]["id"]
    if output.as_json:
        for one in rounds:
            output.record(one)
    else:
        output.table(_TITLES, map(_row, rounds))
    return EXIT_DONE if rounds else EXIT_NEGATIVE


def _row(one: Mapping[str, Any]) -> list[str]:
    entries = one["entries"]
    return [
        str(one["id"]),
        short(one["at"] or one["started"]),
        one["why"],
        one["status"] or "cut off",
        "" if entries is None else f"{entries:,}",
        f"{one['listed']:,}",
        f"{one['delisted']:,}",
        one["body"],
        (one["body_sha256"] or "")[:16],
    ]


def _show(args: argparse.Namespace, client: Client, output: Output) -> int:
    proof = client.get(f"/api/v1/rounds/{quote(args.id, safe='')}")
    if output.as_json:
        output.record(proof)
    else:
        write(proof, output)
    return EXIT_DONE


def write(proof: Mapping[str, Any], output: Output) -> None:
    """Write all that proves a round, a line each."""
    for name, value in proof.items():
        if value is None or value in ({}, ""):
            continue
        if name == "declared":
            output.line("declared:")
            for key, said in sorted(value.items()):
                if said not in ("", {}, [], None):
                    output.line(f"    {key} = {printable(json.dumps(said, ensure_ascii=False))}")
        else:
            text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
            output.line(f"{name}: {printable(text)}")


def _body(args: argparse.Namespace, client: Client, _output: Output) -> int:
    with client.open("GET", f"/api/v1/rounds/{quote(args.id, safe='')}/body") as answer:
        while piece := answer.read(_PIECE):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    return EXIT_DONE
