"""`tipd flux import`: put the names of a file under watch, a line each, in batches."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from tipd.cli.client import Client, Refused
from tipd.cli.flux_add import counted
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, Unavailable, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/api/v1/flux/import"
AT_ONCE = 10_000  # lines a request
NEWS = 1000  # names of one import that are told as news
LONGEST = 64 * 1024  # bytes of a line: what is longer is refused as two


def run(args: argparse.Namespace) -> int:
    """Send the lines; say which were refused, and what became of all."""
    client, output = Client.of(args), Output.of(args)
    if str(args.file) == "-":
        return _import(client, output, args, sys.stdin.buffer)
    try:
        file = args.file.open("rb")
    except OSError as error:
        raise UsageError(f"{args.file}: {error.strerror}") from None
    with file:
        return _import(client, output, args, file)


def _import(client: Client, output: Output, args: argparse.Namespace, file: BinaryIO) -> int:
    sums = dict.fromkeys(("lines", "new", "known", "refused"), 0)
    query = {"tag": args.tag, "note": args.note or None, "tlp": args.tlp}
    with output.progress("lines") as progress:
        for batch in itertools.batched(_lines(file, args.file), AT_ONCE, strict=False):
            more = {"first_line": sums["lines"] + 1, "initial": "true" if sums["new"] > NEWS else None}
            try:
                done = client.post(PATH, b"".join(batch), {**query, **more})
            except (Refused, Unavailable) as error:
                taken = sums["lines"] + (int(error.members.get("lines") or 0) if isinstance(error, Refused) else 0)
                if taken:
                    output.say(f"{taken:,} lines were taken: importing again goes on where this ended")
                raise
            for word in sums:
                sums[word] += done[word]
            for fault in done["faults"]:
                _write(output, fault)
            untold = done["refused"] - len(done["faults"])
            if untold:
                output.say(f"and {untold:,} more lines were refused up to line {sums['lines']:,}")
            progress.add(done["lines"])
    output.record(sums) if output.as_json else output.line(counted(sums))
    return EXIT_DONE if sums["new"] or sums["known"] or not sums["refused"] else EXIT_NEGATIVE


def _lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield lines, each with its end; one without bound comes in parts. Raises UsageError for what cannot be read."""
    while True:
        try:
            line = file.readline(LONGEST)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        if not line:
            return
        yield line if line.endswith(b"\n") else line + b"\n"


def _write(output: Output, fault: dict[str, Any]) -> None:
    if output.as_json:
        output.record(fault)
    else:
        output.say(f"line {fault['line']:,}: {printable(fault['value'])}: {printable(fault['reason'])}")
