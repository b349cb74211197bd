"""`tipd watch`: print findings as they are made, without a gap over restarts of either side."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tipd.cli import findings
from tipd.cli.client import Client, Refused
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE, TipdError

if TYPE_CHECKING:
    import argparse

    from tipd.cli.cursor import Cursor
    from tipd.cli.stream import Reader

_KEEP_EVERY = 1.0  # seconds between two writes of the cursor file: a repetition after a crash, never a gap


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "watch",
        help="follow findings as they are made",
        description="Print findings as they are made, until interrupted. Ctrl-C ends it.",
    )
    parser.add_argument("--since", metavar="SEQ", type=int, help="first what was found after this; 0: all there is")
    parser.add_argument("--kind", metavar="KIND", action="append", default=[], help="only this kind (may be repeated)")
    parser.add_argument(
        "--watch", metavar="NAME", action="append", default=[], help="only what this watch of yours matches; *: any"
    )
    parser.add_argument(
        "--tag",
        metavar="TAG",
        action="append",
        default=[],
        help="only of names with this tag (may be repeated)",
    )
    parser.add_argument("--no-initial", action="store_true", help="without what a source's first round loaded")
    parser.add_argument("--cursor-file", metavar="FILE", type=Path, help="go on where the last watch with it ended")


def run(args: argparse.Namespace) -> int:
    """Read the stream until interrupted."""
    output, client = Output.of(args), Client.of(args)
    cursor = _cursor(args, client)
    printer = Printer(output, cursor)
    try:
        _follow(args, client, printer)
    finally:
        cursor.keep()
    return EXIT_DONE


def _cursor(args: argparse.Namespace, client: Client) -> Cursor:
    from tipd.cli.cursor import Cursor

    if args.cursor_file is None:
        return Cursor(args.since)
    cursor = Cursor.read(args.cursor_file)
    if args.since is not None:
        cursor.since, cursor.store_id = args.since, None
    query = {"since": cursor.since, "store_id": cursor.store_id, "limit": 1}
    try:
        cursor.store_id = client.get("/api/v1/findings", query)["store_id"]
    except Refused as refused:
        if refused.status == 410 and cursor.store_id not in {None, refused.members.get("store_id")}:
            raise TipdError(f"{refused} (remove {args.cursor_file} to begin anew)") from None
        if refused.status not in {403, 410}:  # 403: a token that may only stream; 410: the stream tells the gap
            raise
    return cursor


class Printer:
    """Writes messages and notes how far the reader is."""

    def __init__(self, output: Output, cursor: Cursor) -> None:
        self.output = output
        self.cursor = cursor
        self._kept = time.monotonic()

    def take(self, message: dict[str, Any]) -> None:
        """Write one message of the stream."""
        for finding in message.get("findings", ()):
            findings.write(self.output, finding)
        if message.get("type") == "gap":
            self.output.say(f"retention removed findings before {message['since']}: they are missing here")
            if self.output.as_json:
                self.output.record(message)
        self.output.flush()
        if time.monotonic() - self._kept >= _KEEP_EVERY:
            self._kept = time.monotonic()
            self.cursor.keep()


def _follow(args: argparse.Namespace, client: Client, printer: Printer) -> None:
    import random

    import trio

    from tipd.cli.stream import Reader, Wanted, innermost
    from tipd.nursery.backoff import Backoff

    backoff = Backoff(1.0, 30.0, random.Random())  # noqa: S311 - spreads clients, hides nothing
    wanted = Wanted(tuple(args.kind), tuple(args.watch), tuple(args.tag), initial=not args.no_initial)
    reader = Reader(client.place, wanted, printer.cursor, printer.take, printer.output.say, backoff)
    try:
        trio.run(_until_stopped, reader)
    except BaseExceptionGroup as group:
        raise innermost(group) from None


async def _until_stopped(reader: Reader) -> None:
    """Read until SIGTERM, as systemd ends a service: the cursor file is written, as at Ctrl-C."""
    import signal

    import trio

    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            await anext(signals)
            nursery.cancel_scope.cancel()
