"""`tipd pivot`: from an address, a network, an AS or a name to whatever shares it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.moment import moment, short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, UsageError

if TYPE_CHECKING:
    import argparse

_TITLES = ("VALUE", "HOW", "TYPE", "VIA", "AS", "FIRST", "LAST", "COUNT", "WATCHED", "TAGS")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "pivot",
        help="walk from an address, a network, an AS or a name to others",
        description="Show where a value leads: the records of a name, and the names that have an address, are served "
        "by a name server, or share either. With --add the names that are found come under watch, with the tags and"
        " the path that led to them; --follow goes on from those. Ends with 1 where it leads nowhere.",
    )
    parser.add_argument("value", metavar="VALUE", help="an address, a network, AS64500, or a name")
    parser.add_argument("--since", metavar="DATE", help="only what was seen after that moment (without a zone: UTC)")
    parser.add_argument("--until", metavar="DATE", help="only what was seen before that moment")
    parser.add_argument(
        "--tag",
        metavar="TAG",
        action="append",
        default=[],
        help="only names with this tag; with --add, a tag for what is found (may be repeated)",
    )
    parser.add_argument("--limit", metavar="N", type=int, default=1000, help="at most so many (%(default)s)")
    parser.add_argument("--add", action="store_true", help="put the names that are found under watch")
    parser.add_argument("--note", metavar="TEXT", help="with --add: a note, kept beside each name")
    parser.add_argument("--tlp", metavar="MARK", help="with --add: who may see them; green where not given")
    parser.add_argument("--follow", action="store_true", help="add, and go on from what is found")
    parser.add_argument("--depth", metavar="N", type=int, help="with --follow: at most so many steps (3)")
    parser.add_argument("--budget", metavar="N", type=int, help="with --add or --follow: at most so many names (1000)")


def run(args: argparse.Namespace) -> int:
    """Show where the value leads, or put that under watch."""
    adding = args.add or args.follow
    if args.depth is not None and not args.follow:
        raise UsageError("--depth goes with --follow")
    if not adding and (args.note is not None or args.tlp is not None or args.budget is not None):
        raise UsageError("--note, --tlp and --budget go with --add or --follow")
    client, output = Client.of(args), Output.of(args)
    span = {name: moment(text).isoformat() for name in ("since", "until") if (text := getattr(args, name))}
    path = f"/api/v1/pivot/{quote(args.value, safe='')}"
    if adding:
        return _add(client, output, path, args, span)
    told = client.get(path, {**span, "tag": args.tag, "limit": args.limit})
    return _show(output, told)


def _show(output: Output, told: dict[str, Any]) -> int:
    if output.as_json:
        for row in told["rows"]:
            output.record(row)
    elif told["rows"]:
        output.table(_TITLES, [_cells(row) for row in told["rows"]])
    if told["more"]:
        output.say("there is more: narrow it by --since, --until or --tag, or raise --limit")
    if not told["rows"]:
        output.say(f"{printable(told['value'])} leads nowhere that is known")
    return EXIT_DONE if told["rows"] else EXIT_NEGATIVE


def _cells(row: dict[str, Any]) -> list[str]:
    asn = f"AS{row['asn']}" if row["asn"] else ""
    span = (short(row["first"]), short(row["last"]), f"{row['count']:,}")
    watched = (row["watched"] or "", " ".join(row["tags"]))
    return [row["value"], row["how"], row["type"], row["via"] or "", asn, *span, *watched]


def _add(client: Client, output: Output, path: str, args: argparse.Namespace, span: dict[str, str]) -> int:
    given = {"note": args.note, "tlp": args.tlp, "depth": args.depth, "budget": args.budget}
    body = {"tags": args.tag, "follow": args.follow, **span}
    body |= {name: value for name, value in given.items() if value is not None}
    done = client.post(path, body)
    for one in done["domains"]:
        if output.as_json:
            output.record(one)
        else:
            output.line("\t".join(map(printable, (one["domain"], one["result"], " > ".join(one["path"])))))
    for name, why in done["refused"].items():
        output.say(f"{printable(name)}: refused: {printable(why)}")
    if done["spent"]:
        output.say("there is more: a bound (depth, budget, steps or time) ended the walk")
    if not done["domains"]:
        output.say(f"{printable(done['value'])} leads to no name that could be watched")
    return EXIT_DONE if done["domains"] else EXIT_NEGATIVE
