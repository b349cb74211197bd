"""`tipd token`: who may ask the API from elsewhere."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE
from tipd.model.tlp import WORDS

SCOPES = ("read", "stream", "write", "agents", "admin")
MARKS = tuple(WORDS.values())
_PATH = "/api/v1/tokens"


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("token", help="make, list and revoke tokens")
    verbs = parser.add_subparsers(dest="token_verb", metavar="VERB", required=True)
    create = verbs.add_parser("create", help="make a token; it is shown this once")
    create.add_argument("--scope", action="append", required=True, choices=SCOPES, help="what it may do (repeat it)")
    create.add_argument("--note", default="", help="whose it is and what for")
    create.add_argument("--expires", metavar="DURATION", help="how long it lasts, such as 90d; without it, for good")
    seen = "the strictest mark it may see: clear, green (without it), amber, amber+strict, red"
    create.add_argument("--max-tlp", metavar="TLP", choices=MARKS, help=seen)
    verbs.add_parser("list", help="list all tokens, revoked ones too")
    revoke = verbs.add_parser("revoke", help="end a token at once")
    revoke.add_argument("id", metavar="ID", help="as `tipd token list` shows it")


def run(args: argparse.Namespace) -> int:
    """Ask the daemon for it."""
    verb = {"create": _create, "list": _list, "revoke": _revoke}[args.token_verb]
    verb(args, Client.of(args), Output.of(args))
    return EXIT_DONE


def _create(args: argparse.Namespace, client: Client, output: Output) -> None:
    body: dict[str, Any] = {"scopes": list(dict.fromkeys(args.scope)), "note": args.note}
    if args.expires is not None:
        body["expires_in"] = args.expires
    if args.max_tlp is not None:
        body["max_tlp"] = args.max_tlp
    made = client.post(_PATH, body)
    if output.as_json:
        output.record(made)
        return
    may = f"{', '.join(made['scopes'])} up to {made['max_tlp']}"
    output.say(f"token {made['id']} for {may}; this is the only time it is shown:")
    output.line(made["token"])


def _list(_args: argparse.Namespace, client: Client, output: Output) -> None:
    tokens = client.get(_PATH)["tokens"]
    if output.as_json:
        for token in tokens:
            output.record(token)
        return
    rows = [
        [token["id"], " ".join(token["scopes"]), token["max_tlp"], token["created"], _ends(token), token["note"]]
        for token in tokens
    ]
    output.table(("ID", "SCOPES", "TLP", "CREATED", "ENDS", "NOTE"), rows)


def _ends(token: dict[str, Any]) -> str:
    return f"revoked {token['revoked']}" if token["revoked"] else token["expires"] or "never"


def _revoke(args: argparse.Namespace, client: Client, output: Output) -> None:
    client.delete(f"{_PATH}/{quote(args.id, safe='')}")
    if output.as_json:
        output.record({"id": args.id, "revoked": True})
    else:
        output.say(f"token {args.id} is revoked")
