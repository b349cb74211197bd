"""`tipd flux drop`: let names go. Ends with 1 where one is not tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tipd.cli.client import Client, Refused
from tipd.cli.flux_add import PATH
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse

_UNKNOWN = 404


def run(args: argparse.Namespace) -> int:
    """Let each go; the others go although one is not there."""
    client, output = Client.of(args), Output.of(args)
    code = EXIT_DONE
    for name in args.names:
        try:
            gone = client.delete(f"{PATH}/{quote(name, safe='')}", {"reason": args.reason or None})
        except Refused as refused:
            if refused.status != _UNKNOWN:
                raise
            output.say(printable(str(refused)))
            code = EXIT_NEGATIVE
            continue
        output.record(gone) if output.as_json else output.line(
            f"{gone['domain']}: let go ({printable(gone['reason'])})"
        )
    return code
