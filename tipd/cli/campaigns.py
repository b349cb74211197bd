"""`tipd campaigns`: mails that belong together."""

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

PATH = "/api/v1/campaigns"
ORDERS = ("last", "first", "mails", "traps")
_PAGE = 1000
_SHOWN = 20  # lines of one kind
_TITLES = ("CAMPAIGN", "MAILS", "TRAPS", "FIRST", "LAST", "TLP", "SOURCES", "SUBJECT")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("campaigns", help="list campaigns of spam, show one")
    verbs = parser.add_subparsers(dest="campaigns_verb", metavar="VERB", required=True)
    listed = verbs.add_parser("list", help="list campaigns; ends with 1 where there is none")
    listed.add_argument("--since", metavar="DATE", help="only those seen after that moment (without a zone: UTC)")
    listed.add_argument("--until", metavar="DATE", help="only those that began before it")
    listed.add_argument("--order", choices=ORDERS, default="last", help="by when they were seen or by size (last)")
    listed.add_argument("--text", metavar="TEXT", default="", help="only with this in a subject or a host")
    listed.add_argument("--limit", metavar="N", type=int, default=100, help="at most so many; 0: all (%(default)s)")
    show = verbs.add_parser("show", help="show one campaign: days, URLs, hosts, attachments, relays")
    show.add_argument("campaign", metavar="CAMPAIGN", help="its name, 16 hex digits")


def run(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    client, output = Client.of(args), Output.of(args)
    return _show(client, output, args.campaign) if args.campaigns_verb == "show" else _list(client, output, args)


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
        output.say("no such campaign is known")
    return EXIT_DONE if shown else EXIT_NEGATIVE


def _rows(client: Client, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    query = {name: moment(text).isoformat() for name in ("since", "until") if (text := getattr(args, name))}
    query |= {"order": args.order} | ({"text": args.text} if args.text else {})
    left, after = args.limit or float("inf"), None
    while left > 0:
        page = client.get(PATH, {**query, "after": after, "limit": int(min(left, _PAGE))})
        yield from page["campaigns"]
        left -= len(page["campaigns"])
        after = page["next"]
        if after is None:
            return


def _cells(row: dict[str, Any]) -> list[str]:
    counts = (f"{row['mails']:,}", f"{row['traps']:,}")
    span = (short(row["first_seen"]), short(row["last_seen"]))
    return [row["campaign"], *counts, *span, row["tlp"], " ".join(row["sources"]), row["subject"][:80]]


def _show(client: Client, output: Output, name: str) -> int:
    told = client.get(f"{PATH}/{quote(name, safe='')}")
    if output.as_json:
        output.record(told)
        return EXIT_DONE
    for line in _lines(told):
        output.line(printable(line))
    return EXIT_DONE


def _lines(told: dict[str, Any]) -> Iterator[str]:
    traps = f" to {told['traps']:,} traps" if told["traps"] else ""
    yield f"{told['campaign']}: {told['mails']:,} mails{traps}"
    yield f"first {short(told['first_seen'])}, last {short(told['last_seen'])} (UTC), tlp {told['tlp']}"
    yield from (f"by {' '.join(told['sources'])}",) if told["sources"] else ()
    for subject in told["subjects"] or [told["subject"]]:
        yield f"subject {subject}"
    yield from (f"once also {' '.join(told['merged'])}",) if told["merged"] else ()
    yield from _days(told["days"])
    yield from _part("URLs, tokens as {t}", [f"{one['count']:>8,} {one['shape']}" for one in told["urls"]])
    yield from (f"  {told['urls_cut']:,} more were not kept",) if told["urls_cut"] else ()
    yield from _part("hosts", [f"{one['count']:>8,} {one['host']}" for one in told["hosts"]])
    yield from (f"  {told['hosts_cut']:,} more were not kept",) if told["hosts_cut"] else ()
    yield from _part("attachments", [_attachment(one) for one in told["attachments"]])
    yield from _part("relays", [_relay(one) for one in told["relays"]])
    yield from _part(
        "recipients", [f"{one['mails']:>8,} {one['hmac']} ({one['source']})" for one in told["recipients"]]
    )


def _days(days: list[dict[str, Any]]) -> Iterator[str]:
    yield from _part("days", [f"{one['mails']:>8,} {one['day']}" for one in reversed(days) if one["mails"]])


def _attachment(one: dict[str, Any]) -> str:
    return f"{one['count']:>8,} {one['sha256']} {one['bytes']:,} bytes {one['type']} {one['name']}".rstrip()


def _relay(one: dict[str, Any]) -> str:
    asn = f" AS{one['asn']}" if one["asn"] else ""
    return f"{one['count']:>8,} {one['address']}{asn}"


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{title}:"
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"  and {len(lines) - _SHOWN:,} more (--json has them all)"
