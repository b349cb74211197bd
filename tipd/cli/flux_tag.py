"""`tipd flux tag`: add and remove tags, change the note. Ends with 1 where a name is not tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client, Refused
from tipd.cli.flux_add import PATH
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, UsageError

if TYPE_CHECKING:
    import argparse

_UNKNOWN = 404


def run(args: argparse.Namespace) -> int:
    """Change each name; the others change although one is not there."""
    if not args.add and not args.remove and args.note is None:
        raise UsageError("say what changes: --add TAG, --remove TAG, --note TEXT")
    client, output = Client.of(args), Output.of(args)
    code = EXIT_DONE
    for name in args.names:
        body = {"add_tags": args.add, "remove_tags": args.remove, "note": args.note}
        try:
            row = client.post(f"{PATH}/{quote(name, safe='')}", body)
        except Refused as refused:
            if refused.status != _UNKNOWN:
                raise
            output.say(printable(str(refused)))
            code = EXIT_NEGATIVE
            continue
        output.record(row) if output.as_json else output.line(_told(row))
    return code


def _told(row: dict[str, Any]) -> str:
    note = f" ({row['note']})" if row["note"] else ""
    return printable(f"{row['domain']}: {' '.join(row['tags']) or 'no tags'}{note}")
