"""`tipd agent`: the agent of a mail host; the same as the program `tipd-agent`."""

from __future__ import annotations

import argparse
from typing import Any

from tipd.agent import cli


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    cli.add_verbs(subparsers.add_parser("agent", help="read spamtraps on a mail host"))


def run(args: argparse.Namespace) -> int:
    """Do what was asked on this host; raises TipdError."""
    return cli.run(args)
