"""`tipd forget`: blank a value everywhere, in place; numbers stay."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client, Refused
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, Unavailable

if TYPE_CHECKING:
    import argparse

LOOK_EVERY = 0.5  # seconds
PATIENCE = 300.0  # seconds in which tipd does not answer
_STARTING, _UNKNOWN = 503, 404  # that it does not know the job is no word as long as it takes up what was left


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "forget",
        help="blank a value everywhere, in place",
        description="Blank a value in sightings, findings, contexts, kept bodies and wherever else tipd keeps it."
        " Rows and counts stay. What lists still name comes back with their next round, unless it is blocked.",
    )
    parser.add_argument("value", metavar="VALUE")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.add_argument("--block", action="store_true", help="never take it in again")
    parser.add_argument(
        "--below", action="store_true", help="also the names, URLs and addresses of mail that stand on it"
    )


def run(args: argparse.Namespace) -> int:
    """Ask for it and wait for its end."""
    client, output = Client.of(args), Output.of(args)
    asked = {"value": args.value, "reason": args.reason, "block": args.block, "below": args.below}
    job = client.post("/api/v1/forget", asked)
    if job["state"] == "running":
        output.say("the database and the kept bodies are walked over: a minute for ten million rows")
    while job["state"] == "running":
        time.sleep(LOOK_EVERY)
        job = _look(client, job, output)
    if output.as_json:
        output.record(job)
    elif job["state"] == "done":
        output.line(_told(job))
    else:
        output.line(f"failed: {printable(job['why'] or '')}")
    return EXIT_DONE if job["state"] == "done" else EXIT_NEGATIVE


def _look(client: Client, job: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return how far it is; a daemon that was stopped goes on with it once it runs again, so it is waited for."""
    until, said = time.monotonic() + PATIENCE, False
    while True:
        try:
            found: dict[str, Any] = client.get(f"/api/v1/forget/{job['id']}")
        except (Unavailable, Refused) as trouble:
            if isinstance(trouble, Refused) and trouble.status not in ({_STARTING, _UNKNOWN} if said else {_STARTING}):
                raise
            if not said:
                output.say("tipd does not answer: it is not all forgotten yet; tipd goes on with it once it runs again")
            if time.monotonic() > until:
                raise
            said = True
            time.sleep(LOOK_EVERY)
        else:
            return found


def _told(job: dict[str, Any]) -> str:
    return (
        f"forgotten, as key {job['key']}: {job['values']:,} values, {job['closed']:,} of their intervals were open;"
        f" {job['sightings']:,} sightings and {job['findings']:,} findings blanked, {job['mentions']:,} mentions"
        f" replaced, {job['bodies']:,} bodies removed" + ("; never taken in again" if job["blocked"] else "")
    )
