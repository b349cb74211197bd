"""`tipd explain`: who lists a value, since when, what they say, and how sure tipd is. Ends with 1 where nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    about = "show who lists a value, and how sure tipd is"
    parser = subparsers.add_parser(
        "explain", help=about, description=f"{about.capitalize()}. Ends with 1 where nobody does."
    )
    parser.add_argument("value", metavar="VALUE", help="an address, a network, a name, a URL, a hash")


def run(args: argparse.Namespace) -> int:
    """Ask for the value and its arithmetic, and print both."""
    client, output = Client.of(args), Output.of(args)
    path = f"/api/v1/indicators/{quote(args.value, safe='')}"
    found = client.get(path)
    terms = client.get(f"{path}/explain")["terms"]
    if output.as_json:
        output.record(found | {"terms": terms})
    else:
        _write(output, found, terms)
    return EXIT_DONE if found["listed"] else EXIT_NEGATIVE


def _write(output: Output, found: dict[str, Any], terms: list[dict[str, Any]]) -> None:
    verdict = output.coloured(found["verdict"].replace("_", " "), "red" if found["listed"] else "yellow")
    output.line(f"{found['kind']} {printable(found['value'])}: {verdict}, confidence {found['confidence']:.2f}")
    allowed = found.get("allowed")
    if allowed:
        until = f"until {allowed['until']}" if allowed["until"] else "until it is removed"
        why = f": {printable(allowed['reason'])}" if allowed["reason"] else ""
        output.line(f"allowed as {printable(allowed['value'])} {until}{why}")
    for match in found["matches"]:
        output.line(f"matches {match['kind']} {printable(match['value'])} ({match['how']})")
    if terms:
        rows = [[term["source"], f"{term['weight']:.2f}", f"{term['contribution']:.2f}"] for term in terms]
        output.table(("SOURCE", "WEIGHT", "ADDS"), rows)
    if found["sightings"]:
        output.line()
        rows = [[one["source"], one["first_seen"], _end(one), _said(one["context"])] for one in found["sightings"]]
        output.table(("LISTED BY", "SINCE", "UNTIL", "IT SAID"), rows)


def _end(sighting: dict[str, Any]) -> str:
    return f"{sighting['closed']} ({sighting['reason']})" if sighting["closed"] else "now"


def _said(context: dict[str, Any] | None) -> str:
    return ", ".join(f"{name} {_text(said)}" for name, said in (context or {}).items())


def _text(said: Any) -> str:
    return " ".join(map(str, said)) if isinstance(said, list) else str(said)
