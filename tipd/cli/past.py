"""`tipd sources replay` and `tipd sources backfill`: what was missed, and what was before."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client, Refused
from tipd.cli.moment import moment, short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, EXIT_TRY_AGAIN, EXIT_USAGE, TipdError

if TYPE_CHECKING:
    import argparse

PIECE = 1 << 20
LOOK_EVERY = 0.5  # seconds
PATIENCE = 120.0  # seconds without a sign that the replay goes on
_REPLAYED = "source.replayed"
_CONFLICT = 409


class _Unreadable(TipdError):
    """A file that cannot be sent."""

    exit_code = EXIT_USAGE


def add_parsers(verbs: argparse._SubParsersAction[Any]) -> None:
    """Describe the verbs."""
    replay_ = verbs.add_parser("replay", help="read a source's kept bodies again, after its parser was mended")
    replay_.add_argument("name", metavar="NAME")
    replay_.add_argument("--since", metavar="DATE", help="only bodies from that moment on (without a zone: UTC)")
    backfill_ = verbs.add_parser("backfill", help="load a file as a source's whole set at a moment of the past")
    backfill_.add_argument("name", metavar="NAME")
    backfill_.add_argument("file", metavar="FILE", type=Path, help="a body of that source, packed or not")
    backfill_.add_argument("--at", metavar="DATE", required=True, help="the moment (without a zone: UTC)")


def replay(args: argparse.Namespace, output: Output) -> int:
    """Ask for a replay and wait for its end."""
    client = Client.of(args)
    since = moment(args.since).isoformat() if args.since else None
    try:
        asked = client.post(f"/api/v1/sources/{quote(args.name, safe='')}/replay", {"since": since})
    except Refused as refused:
        raise _lasting(refused) from None
    output.say(f"the kept bodies of {args.name} are read again")
    told = _wait(client, args.name, asked["since"], output)
    if told is None:
        output.say(f"no end of it was seen; `tipd rounds list {args.name}` shows how far it is")
        return EXIT_TRY_AGAIN
    if output.as_json:
        output.record({"source": args.name, **told})
        return EXIT_DONE if told["bodies"] else EXIT_NEGATIVE
    output.line(
        f"{told['bodies']} bodies read: {told['added']:,} intervals of the past added,"
        f" {told['listed']:,} listed now, {told['delisted']:,} delisted now"
    )
    for fault in told["passed_over"]:
        output.line(f"passed over: {printable(fault)}")
    if told["error"]:
        output.line(printable(told["error"]))
    return EXIT_DONE if told["bodies"] else EXIT_NEGATIVE


def _wait(client: Client, name: str, since: int, output: Output) -> dict[str, Any] | None:
    """Wait for the finding that tells the end, for as long as rounds go on; None where nothing goes on."""
    path = f"/api/v1/sources/{quote(name, safe='')}/rounds"
    seen, until = None, time.monotonic() + PATIENCE
    with output.progress("rounds") as progress:
        while time.monotonic() < until:
            page = client.get("/api/v1/findings", {"since": since, "kind": _REPLAYED})
            for finding in page["findings"]:
                if finding["source"] == name:
                    data: dict[str, Any] = finding["data"]
                    return data
            since = page["last"]
            last = client.get(path, {"limit": 1})["rounds"]
            if last and last[0]["id"] != seen:
                progress.add(0 if seen is None else last[0]["id"] - seen)
                seen, until = last[0]["id"], time.monotonic() + PATIENCE
            time.sleep(LOOK_EVERY)
    return None


def backfill(args: argparse.Namespace, output: Output) -> int:
    """Send the file, have it loaded, and wait for the end."""
    client, at = Client.of(args), moment(args.at)
    upload = _send(client, args.file, output)
    asked = {"upload": upload, "at": at.isoformat(), "origin": args.file.name[:500]}
    try:
        job = client.post(f"/api/v1/sources/{quote(args.name, safe='')}/backfill", asked)
    except Refused as refused:
        raise _lasting(refused) from None
    while job["state"] in {"waiting", "running"}:
        time.sleep(LOOK_EVERY)
        job = client.get(f"/api/v1/backfills/{job['id']}")
    if output.as_json:
        output.record(job)
    else:
        output.line(_told(args.name, job))
    return EXIT_DONE if job["state"] in {"done", "known"} else EXIT_NEGATIVE


def _lasting(refused: Refused) -> Refused:
    """Return the refusal, with the exit code of what trying again would not help."""
    if refused.status == _CONFLICT:
        refused.exit_code = EXIT_NEGATIVE
    return refused


def _told(name: str, job: dict[str, Any]) -> str:
    at = short(job["at"])
    if job["state"] == "known":
        return f"{name} at {at} (UTC): that very body was loaded already"
    if job["state"] != "done":
        return f"{name} at {at} (UTC): {job['state']}: {printable(job['why'] or '')}"
    return (
        f"{name} at {at} (UTC): {job['entries']:,} indicators; {job['added']:,} intervals begun or extended,"
        f" {job['cut']:,} cut; round {job['round']}"
    )


def _send(client: Client, path: Path, output: Output) -> str:
    """Send a file in pieces and return the upload's name."""
    name, offset = "", 0
    try:
        with path.open("rb") as file, output.progress("bytes sent") as progress:
            piece = file.read(PIECE)
            while piece or not name:
                sent = client.post("/api/v1/uploads", piece, {"upload": name, "offset": offset})
                name, offset = sent["upload"], sent["bytes"]
                progress.add(len(piece))
                piece = file.read(PIECE)
    except OSError as error:
        raise _Unreadable(f"{path}: {error.strerror}") from None
    return name
