"""`tipd version`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd import __version__
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    subparsers.add_parser("version", help="print the version")


def run(args: argparse.Namespace) -> int:
    """Print the version; needs no daemon."""
    output = Output.of(args)
    if output.as_json:
        output.record({"version": __version__})
    else:
        output.line(f"tipd {__version__}")
    return EXIT_DONE
