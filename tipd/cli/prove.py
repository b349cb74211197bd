"""`tipd prove`: which rounds prove that a value was listed, and whether their bodies still say so.

Ends with 1 where nothing proves it, or where a body that is kept contradicts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client, Refused
from tipd.cli.moment import moment, short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_GONE = 404
# What a round did that read no body, by why there was one.
_BY_ITSELF = {
    "entries": "reported to tipd",
    "withdrawal": "taken back",
    "ageing": "its time had come",
    "removal": "its source was collected no more",
}


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "prove",
        help="show which rounds prove that a value was listed",
        description="Show the intervals in which a value was listed, the rounds that opened and closed them, and"
        " whether their kept bodies are whole and hold the value. Ends with 1 where nothing proves it.",
    )
    parser.add_argument("value", metavar="VALUE")
    parser.add_argument("--at", metavar="DATE", help="only what held at that moment (without a zone: UTC)")


def run(args: argparse.Namespace) -> int:
    """Show each interval with its proof."""
    client, output = Client.of(args), Output.of(args)
    at = moment(args.at) if args.at else None
    stood = []
    for value, how in _entries(client, args.value, at):
        about = client.get(f"/api/v1/indicators/{quote(value, safe='')}")
        for sighting in about["sightings"]:
            if at is None or _held(sighting, at):
                proved = {"how": how, **_proved(client, about["value"], sighting)}
                stood.append(proved["stands"])
                output.record(proved) if output.as_json else _write(proved, output)
    if not stood:
        output.say(f"nothing proves that {printable(args.value)} was listed" + (f" at {at}" if at else ""))
    return EXIT_DONE if stood and all(stood) else EXIT_NEGATIVE


def _entries(client: Client, value: str, at: datetime | None) -> list[tuple[str, str]]:
    """Return the value and what it is, or was then, listed through, and how: a network around it, a parent, a host."""
    asked = value if at is None else {"value": value, "at": at.isoformat()}
    (found,) = client.post("/api/v1/lookup", {"values": [asked]})["results"]
    through = [(match["value"], match["how"]) for match in found["matches"] if match["how"] != "exact"]
    return [(value, "exact"), *through]


def _held(sighting: Mapping[str, Any], at: datetime) -> bool:
    closed = sighting["closed"]
    return moment(sighting["first_seen"]) <= at and (closed is None or at < moment(closed))


def _proved(client: Client, value: str, sighting: Mapping[str, Any]) -> dict[str, Any]:
    """Return the interval with its rounds, what their bodies say, and whether all that can be read agrees."""
    opened = _round(client, value, sighting["opened_round"])
    closed = _round(client, value, sighting["closed_round"])
    stands = opened is not None and opened["read"]["body"] != "damaged" and opened["read"]["holds"] is not False
    return {"value": value, **sighting, "opened_by": opened, "closed_by": closed, "stands": stands}


def _round(client: Client, value: str, number: int | None) -> dict[str, Any] | None:
    if number is None:
        return None
    try:
        proof: dict[str, Any] = client.get(f"/api/v1/rounds/{number}")
        read = client.get(f"/api/v1/rounds/{number}/read", {"value": value})
    except Refused as refused:
        if refused.status == _GONE:
            return None
        raise
    return {**proof, "declared": None, "read": read}


def _write(proved: Mapping[str, Any], output: Output) -> None:
    until = short(proved["closed"]) or "now"
    kind = "loaded as history" if proved["backfilled"] else "seen by tipd"
    through = "" if proved["how"] == "exact" else f", through {printable(proved['value'])} ({proved['how']})"
    output.line(f"{proved['source']}  {short(proved['first_seen'])} to {until} (UTC), {kind}{through}")
    for word, proof in (("opened", proved["opened_by"]), ("closed", proved["closed_by"])):
        if proof is not None:
            for line in _lines(
                proof, opened=word == "opened", backfilled=proved["backfilled"], reason=proved["reason"]
            ):
                output.line(f"  {word}: {printable(line)}")
    if not proved["stands"]:
        output.line(output.coloured("  this does not prove it", "red"))


def _lines(proof: Mapping[str, Any], *, opened: bool, backfilled: bool, reason: str | None) -> Sequence[str]:
    read = proof["read"]
    place = f"round {proof['id']} ({proof['why']}), {short(proof['at'] or proof['started'])}"
    source = f"{proof['url'] or 'no URL'} at {proof['address'] or 'no address'}, HTTP {proof['http_status'] or '-'}"
    if not proof["url"]:
        source = _BY_ITSELF.get(proof["why"], source)
    if proof["why"] == "backfill":
        source = f"a file that was loaded, {proof['url']}"
    lines = [f"{place}: {source}" + ("" if opened else f"; reason: {reason}")]
    if proof["body_sha256"]:
        lines.append(f"body SHA-256 {proof['body_sha256']}, {proof['body_bytes']} bytes; tipd {proof['version']}")
    if opened or not backfilled or proof["why"] == "backfill":
        if proof["body_sha256"] or read["body"] == "kept":
            lines.append(_said(read))
        if read["body"] != "kept" and proof["body_sha256"]:
            lines.append("whoever has that body can compare its SHA-256")
    else:
        lines.append("from here on tipd watched the source itself")
    return lines


def _said(read: Mapping[str, Any]) -> str:
    if read["body"] != "kept":
        return f"its body is {read['body']}: {read['why']}"
    if read["holds"] is None:
        return f"its body is kept and whole, but {read['why']}"
    again = "" if read["same_reading"] else " (tipd reads such bodies differently today)"
    return f"its body is kept, whole, and {'holds' if read['holds'] else 'does not hold'} the value{again}"
