"""`tipd audit`: who did what by hand, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse

_PAGE = 1000


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("audit", help="show what operators did", description="Show who did what, and why.")
    parser.add_argument("--limit", metavar="N", type=int, default=50, help="how many of the newest (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print acts, the newest first."""
    client, output = Client.of(args), Output.of(args)
    acts: list[dict[str, Any]] = []
    while len(acts) < args.limit:
        query = {"limit": str(min(_PAGE, args.limit - len(acts)))} | ({"before": str(acts[-1]["id"])} if acts else {})
        page = client.get("/api/v1/audit", query)["acts"]
        acts += page
        if not page:
            break
    if output.as_json:
        for act in acts:
            output.record(act)
        return EXIT_DONE
    rows = [[act["at"], act["by"], act["action"], act["subject"], act["reason"]] for act in acts]
    output.table(("AT", "BY", "ACTION", "SUBJECT", "REASON"), rows)
    return EXIT_DONE
