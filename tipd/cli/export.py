"""`tipd export`: write a list out, to block with."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE, ConfigError, Unavailable

if TYPE_CHECKING:
    import argparse
    import http.client

    from tipd.cli.client import Query
    from tipd.cli.output import Progress

_PIECE = 256 * 1024


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("export", help="write a list out", description="Write a list out, to block with.")
    which = "which list: all, public, flux, flux-nodes, all.csv … (%(default)s)"
    parser.add_argument("list", metavar="LIST", nargs="?", default="all", help=which)
    parser.add_argument("--format", default=None, help="txt, csv or jsonl (txt; with --json jsonl)")
    parser.add_argument("--kind", metavar="KIND", action="append", default=[], help="only this kind (may be repeated)")
    parser.add_argument("--source", metavar="NAME", action="append", default=[], help="only what this source lists")
    tags = "of flux and flux-nodes: only names with this tag (may be repeated)"
    parser.add_argument("--tag", metavar="TAG", action="append", default=[], help=tags)
    parser.add_argument("--public", action="store_true", help="only what may be passed on to anybody")
    parser.add_argument("--output", metavar="FILE", type=Path, help="replace this file whole, once all is there")


def run(args: argparse.Namespace) -> int:
    """Copy the export to standard output or into a file."""
    client, output = Client.of(args), Output.of(args)
    name, _, ending = args.list.partition(".")  # as HTTP names it: all.csv
    form = args.format or ending or ("jsonl" if args.json else "txt")
    path = f"/api/v1/exports/{quote(name, safe='')}.{quote(form, safe='')}"
    query = {"kind": args.kind, "source": args.source, "tag": args.tag, "public": "1" if args.public else None}
    return write_out(client, output, path, query, args.output)


def write_out(client: Client, output: Output, path: str, query: Query, into: Path | None) -> int:
    """Copy what a GET answers to standard output, or into a file that is replaced whole."""
    with output.progress("bytes") as progress, client.open("GET", path, query) as answer:
        if into is None:
            _copy(answer, sys.stdout.buffer, progress)
        else:
            _replace(into, answer, progress)
    if into is not None:
        output.say(f"{into}: {progress.done:,} bytes")
    return EXIT_DONE


def _copy(answer: http.client.HTTPResponse, out: BinaryIO, progress: Progress) -> None:
    import http.client

    try:
        while piece := answer.read1(_PIECE):
            out.write(piece)
            progress.add(len(piece))
        if answer.length:  # what was announced did not come
            raise Unavailable("the export was cut off")
    except (http.client.HTTPException, ConnectionResetError, TimeoutError) as error:
        raise Unavailable(f"the export was cut off: {error or type(error).__name__}") from None
    out.flush()


def _replace(path: Path, answer: http.client.HTTPResponse, progress: Progress) -> None:
    """Write beside the file and rename: a firewall that reads it meanwhile sees the old list or the new one."""
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as out:
            _copy(answer, out, progress)
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise ConfigError(f"{path}: {error.strerror}") from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
