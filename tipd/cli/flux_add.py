"""`tipd flux add`: put names under watch. Ends with 1 where one was refused."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse

PATH = "/api/v1/flux/domains"
AT_ONCE = 10_000


def run(args: argparse.Namespace) -> int:
    """Add the names in batches; say what became of them."""
    client, output = Client.of(args), Output.of(args)
    sums = dict.fromkeys(("new", "known", "refused"), 0)
    for batch in itertools.batched(args.names, AT_ONCE, strict=False):
        body = {"domains": list(batch), "tags": args.tag, "note": args.note, "tlp": args.tlp}
        done = client.post(PATH, body)
        for word in sums:
            sums[word] += done[word]
        for result in done["results"]:
            _write(output, result)
    if not output.as_json:
        output.line(counted(sums))
    return EXIT_NEGATIVE if sums["refused"] else EXIT_DONE


def counted(sums: dict[str, int]) -> str:
    """Return counts as a sentence; `new` is what came under watch."""
    words = {"new": "under watch", "known": "known before", "refused": "refused"}
    told = [f"{sums[key]:,} {word}" for key, word in words.items() if sums[key]]
    return ", ".join(told) or "nothing to watch"


def _write(output: Output, result: dict[str, Any]) -> None:
    if output.as_json:
        output.record(result)
    elif result["result"] == "refused":
        name, why = printable(result.get("domain", "")), printable(result.get("reason", ""))
        output.line(f"{name}\t{output.coloured('refused', 'yellow')}: {why}")
