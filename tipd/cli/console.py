"""`tipd console`: a link that opens the web console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.cli.client import Client
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    subparsers.add_parser(
        "console",
        help="print a link that opens the web console",
        description="Print a link that opens the web console: good once, for ten minutes. It shows what you may see.",
    )


def run(args: argparse.Namespace) -> int:
    """Ask the daemon for one and print it."""
    client, output = Client.of(args), Output.of(args)
    link = client.post("/api/v1/console-links")
    base = client.place.url if args.url is not None else link["base"]
    if output.as_json:
        output.record(link | {"url": None if base is None else base + link["path"]})
    elif base is None:
        output.say("tipd listens on no host and port; open this path where your proxy serves it:")
        output.line(link["path"])
    else:
        output.say(f"good once, for {link['expires_in'] // 60} minutes:")
        output.line(base + link["path"])
    return EXIT_DONE
