"""`tipd flux export`: tracked names, or the addresses they have, to block with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.cli.client import Client
from tipd.cli.export import write_out
from tipd.cli.output import Output

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """Copy the export to standard output or into a file."""
    query = {
        "state": args.state,
        "tag": args.tag,
        "of": args.of,
        "format": args.format or ("jsonl" if args.json else "txt"),
        "public": "1" if args.public else None,
    }
    return write_out(Client.of(args), Output.of(args), "/api/v1/flux/export", query, args.output)
