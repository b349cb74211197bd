"""`tipd flux rescore`: scores again, out of the look-ups that are kept. Ends with 1 where a name has none."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PATH = "/api/v1/flux/rescore"
AT_ONCE = 100
_TITLES = ("NAME", "LOOK-UPS", "STORED", "NOW", "HIGHEST", "TIER", "STATE")


def run(args: argparse.Namespace) -> int:
    """Show stored and present scores side by side."""
    if bool(args.names) == args.all:
        raise UsageError("name the names, or say --all")
    output = Output.of(args)
    rows: list[list[str]] = []
    lacking = shown = 0
    for answer in _answers(Client.of(args), args.names):
        for name in answer["missing"]:
            output.say(f"the name {printable(name)} is not tracked")
        if args.names:
            for name in answer["without"]:
                output.say(f"no look-up of {printable(name)} is kept: they are of candidates and above only")
            lacking += len(answer["without"])
        lacking += len(answer["missing"])
        shown += len(answer["domains"])
        for one in answer["domains"]:
            output.record({**one, "version": answer["version"]}) if output.as_json else rows.append(_cells(one))
    if rows:
        output.table(_TITLES, rows)
    return EXIT_DONE if shown and not lacking else EXIT_NEGATIVE


def _answers(client: Client, names: list[str]) -> Iterator[dict[str, Any]]:
    for batch in itertools.batched(names, AT_ONCE, strict=False):
        yield client.post(PATH, {"domains": list(batch)})
    after: str | None = None if names else ""
    while after is not None:
        answer = client.post(PATH, {"after": after, "limit": AT_ONCE})
        yield answer
        after = answer["next"]


def _cells(one: dict[str, Any]) -> list[str]:
    scores = [_score(one["before"]["score"]), _score(one["score"]), _score(one["best"])]
    tier = one["tier"] if one["tier"] == one["before"]["tier"] else f"{one['before']['tier']} > {one['tier']}"
    return [one["domain"], f"{one['looks']:,}", *scores, tier, one["state"]]


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"
