"""`tipd mails`: stored mails, and what is kept of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.moment import moment, short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PATH = "/api/v1/mails"
_PAGE = 1000
_TITLES = ("SHA256", "AT", "CLASS", "RELAY", "CAMPAIGN", "SOURCE", "SUBJECT")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("mails", help="list stored mails, show one")
    verbs = parser.add_subparsers(dest="mails_verb", metavar="VERB", required=True)
    listed = verbs.add_parser("list", help="list mails, the latest first; ends with 1 where there is none")
    about = "only those it handed over (an address), that lead to it (a host, a URL) or carry it (a SHA-256)"
    listed.add_argument("value", metavar="VALUE", nargs="?", default="", help=about)
    listed.add_argument("--campaign", metavar="CAMPAIGN", default="", help="only of this campaign")
    listed.add_argument("--source", metavar="NAME", default="", help="only by this archive or agent")
    listed.add_argument("--since", metavar="DATE", help="only after that moment (without a zone: UTC)")
    listed.add_argument("--until", metavar="DATE", help="only before it")
    listed.add_argument("--limit", metavar="N", type=int, default=100, help="at most so many; 0: all (%(default)s)")
    show = verbs.add_parser("show", help="show what is kept of one mail")
    show.add_argument("sha256", metavar="SHA256", help="of its bytes as they lay on the host")


def run(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    client, output = Client.of(args), Output.of(args)
    return _show(client, output, args.sha256) if args.mails_verb == "show" else _list(client, output, args)


def _list(client: Client, output: Output, args: argparse.Namespace) -> int:
    if args.limit < 0:
        raise UsageError("--limit is a number from 0")
    rows = []
    shown = 0
    for row in _rows(client, args):
        shown += 1
        if output.as_json:
            output.record(row)
        else:
            rows.append(_cells(row))
    if rows:
        output.table(_TITLES, rows)
    if not shown:
        output.say("no such mail is kept")
    return EXIT_DONE if shown else EXIT_NEGATIVE


def _rows(client: Client, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    query = {name: moment(text).isoformat() for name in ("since", "until") if (text := getattr(args, name))}
    query |= {name: text for name in ("value", "campaign", "source") if (text := getattr(args, name))}
    left, after = args.limit or float("inf"), None
    while left > 0:
        page = client.get(PATH, {**query, "after": after, "limit": int(min(left, _PAGE))})
        yield from page["mails"]
        left -= len(page["mails"])
        after = page["next"]
        if after is None:
            return


def _cells(row: dict[str, Any]) -> list[str]:
    of = (row["relay"] or "", row["campaign"] or "", row["source"])
    return [row["sha256"], short(row["at"]), row["class"], *of, row["subject"][:80]]


def _show(client: Client, output: Output, sha256: str) -> int:
    told = client.get(f"{PATH}/{quote(sha256, safe='')}")
    for one in told["mails"]:
        if output.as_json:
            output.record(one)
        else:
            for line in _lines(one):
                output.line(printable(line))
    return EXIT_DONE


def _lines(one: dict[str, Any]) -> Iterator[str]:
    yield f"{one['sha256']}: {one['class']} of {one['size']:,} bytes, {short(one['at'])} (UTC)"
    yield f"by {one['source']}, tlp {one['tlp']}"
    named = (("subject", "subject"), ("relay", "handed over by"), ("trap", "recipient"), ("campaign", "campaign"))
    yield from (f"{words} {one[name]}" for name, words in named if one[name])
    yield from (f"defects {' '.join(one['defects'])}",) if one["defects"] else ()
    for key, value in one["record"].items():
        yield f"{key} {value}"
