"""`tipd run`: the daemon itself, in the foreground."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("run", help="run the daemon", description="Run the daemon in the foreground.")
    parser.add_argument(
        "--only", metavar="MODULE", action="append", default=[], help="run only this module (may be repeated)"
    )


def run(args: argparse.Namespace) -> int:
    """Run until a signal ends it."""
    from tipd import daemon

    if args.verbose or args.quiet:
        os.environ["TIPD_LOG__LEVEL"] = "debug" if args.verbose else "warning"
    only = [name for words in args.only for name in words.split(",") if name]
    return daemon.run(args.config, only)
