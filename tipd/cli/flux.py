"""`tipd flux`: names that are tracked for fast flux. Each verb stands in a file of its own."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

STATES = ("candidate", "watched", "likely", "confirmed", "dormant", "dropped")
TIERS = ("unknown", "benign", "possible", "likely", "confirmed")
FORMATS = ("txt", "csv", "jsonl")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("flux", help="watch names for fast flux; list, show, import, export them")
    verbs = parser.add_subparsers(dest="flux_verb", metavar="VERB", required=True)
    _add(verbs)
    _list(verbs)
    _show(verbs)
    _import(verbs)
    _export(verbs)
    _rescore(verbs)
    _change(verbs)


def run(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    return int(importlib.import_module(f"tipd.cli.flux_{args.flux_verb}").run(args))


def _add(verbs: argparse._SubParsersAction[Any]) -> None:
    verb = verbs.add_parser("add", help="put names under watch; ends with 1 where one was refused")
    verb.add_argument("names", metavar="NAME", nargs="+", help="a name, or a URL that has one")
    _said(verb)


def _said(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--tag", metavar="TAG", action="append", default=[], help="a tag (may be repeated)")
    verb.add_argument("--note", metavar="TEXT", default="", help="a note, kept beside each name")
    verb.add_argument("--tlp", metavar="MARK", help="who may see them; green where not given")


def _list(verbs: argparse._SubParsersAction[Any]) -> None:
    verb = verbs.add_parser("list", help="list tracked names; ends with 1 where there is none")
    several = {"action": "append", "default": []}
    verb.add_argument("--state", choices=STATES, help="only in this state (may be repeated)", **several)
    verb.add_argument("--tag", metavar="TAG", help="only with this tag (may be repeated)", **several)
    verb.add_argument("--tier", choices=TIERS, help="only with a verdict of this tier (may be repeated)", **several)
    verb.add_argument("--apex", metavar="DOMAIN", help="only of this registrable domain")
    verb.add_argument("--text", metavar="TEXT", help="only with this in the name")
    verb.add_argument("--limit", metavar="N", type=int, default=1000, help="at most so many; 0: all (%(default)s)")


def _show(verbs: argparse._SubParsersAction[Any]) -> None:
    verb = verbs.add_parser("show", help="show all that is known of a name")
    verb.add_argument("name", metavar="NAME")
    verb.add_argument("--at", metavar="DATE", help="as of that moment (without a zone: UTC)")


def _import(verbs: argparse._SubParsersAction[Any]) -> None:
    verb = verbs.add_parser(
        "import",
        help="put the names of a file under watch, as many as there are",
        description="A name a line, or a JSON object {domain, tags, note, tlp}; # begins a comment. Lines that are"
        " refused are told with their numbers, and harm no other; importing again changes nothing. Ends with 1 where no"
        " line was taken.",
    )
    verb.add_argument("file", metavar="FILE", type=Path, help="- reads standard input")
    _said(verb)


def _export(verbs: argparse._SubParsersAction[Any]) -> None:
    verb = verbs.add_parser("export", help="write tracked names out, or the addresses they have")
    several = {"action": "append", "default": []}
    verb.add_argument(
        "--state", choices=STATES, help="only in this state; confirmed where not given (may be repeated)", **several
    )
    verb.add_argument("--tag", metavar="TAG", help="only with this tag (may be repeated)", **several)
    verb.add_argument("--of", choices=("names", "nodes"), default="names", help="names, or their addresses (names)")
    verb.add_argument("--format", choices=FORMATS, help="txt; with --json jsonl")
    verb.add_argument("--public", action="store_true", help="only what may be passed on to anybody")
    verb.add_argument("--output", metavar="FILE", type=Path, help="replace this file whole, once all is there")


def _rescore(verbs: argparse._SubParsersAction[Any]) -> None:
    verb = verbs.add_parser("rescore", help="score names again out of the look-ups that are kept")
    verb.add_argument("names", metavar="NAME", nargs="*")
    verb.add_argument("--all", action="store_true", help="all names that have kept look-ups")


def _change(verbs: argparse._SubParsersAction[Any]) -> None:
    drop = verbs.add_parser("drop", help="let names go: they are asked for no more, what is known of them stays")
    drop.add_argument("names", metavar="NAME", nargs="+")
    drop.add_argument("--reason", metavar="TEXT", default="", help="why; it is kept")
    tag = verbs.add_parser("tag", help="add and remove tags, change the note")
    tag.add_argument("names", metavar="NAME", nargs="+")
    tag.add_argument("--add", metavar="TAG", action="append", default=[], help="a tag to add (may be repeated)")
    tag.add_argument("--remove", metavar="TAG", action="append", default=[], help="a tag to take off (may be repeated)")
    tag.add_argument("--note", metavar="TEXT", help="the new note; empty takes it away")
