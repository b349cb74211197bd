"""`tipd sinks`: who is told of findings, whether the way there is open, and letting a stopped one go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse

_PATH = "/api/v1/sinks"


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("sinks", help="list and test who is told of findings")
    verbs = parser.add_subparsers(dest="sinks_verb", metavar="VERB", required=True)
    verbs.add_parser("list", help="list all sinks and how far each has come")
    test = verbs.add_parser("test", help="send a test message, once")
    test.add_argument("name", metavar="NAME", help="as `tipd sinks list` shows it")
    resume = verbs.add_parser("resume", help="let a sink go on whose receiver said that it is gone (410)")
    resume.add_argument("name", metavar="NAME", help="as `tipd sinks list` shows it")


def run(args: argparse.Namespace) -> int:
    """Ask the daemon for it; 1 where a test message was not taken, or the sink was not stopped."""
    verb = {"list": _list, "test": _test, "resume": _resume}[args.sinks_verb]
    return EXIT_DONE if verb(args, Client.of(args), Output.of(args)) else EXIT_NEGATIVE


def _list(_args: argparse.Namespace, client: Client, output: Output) -> bool:
    sinks = client.get(_PATH)["sinks"]
    if output.as_json:
        for sink in sinks:
            output.record(sink)
    elif sinks:
        rows = [
            (one["name"], one["state"], str(one["behind"] or 0), one["target"], one["why"] or _trouble(one))
            for one in sinks
        ]
        output.table(("name", "state", "behind", "target", ""), rows)
    else:
        output.say("no sink is configured")
    return bool(sinks)


def _trouble(sink: dict[str, Any]) -> str:
    return sink["last_error"] or "" if sink["failures"] else ""


def _test(args: argparse.Namespace, client: Client, output: Output) -> bool:
    tested = client.post(f"{_PATH}/{quote(args.name, safe='')}/test")
    if output.as_json:
        output.record(tested)
    else:
        output.say("taken" if tested["taken"] else f"not taken: {printable(tested['why'])}")
    return bool(tested["taken"])


def _resume(args: argparse.Namespace, client: Client, output: Output) -> bool:
    resumed = client.post(f"{_PATH}/{quote(args.name, safe='')}/resume")
    if output.as_json:
        output.record(resumed)
    else:
        output.say("it goes on" if resumed["resumed"] else "it was not stopped")
    return bool(resumed["resumed"])
