"""The global options: they stand before or after the verb, and the environment has a say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULTS = {"config": None, "url": None, "token_file": None, "json": False, "quiet": False, "verbose": 0}


def add_everywhere(top: argparse.ArgumentParser) -> None:
    """Give every parser the global options. Without a default: a verb's parser must not undo what stood before it."""
    for parser in [top, *below(top)]:
        parser.allow_abbrev = False
        group = parser.add_argument_group("global options")
        quiet = argparse.SUPPRESS
        group.add_argument("--config", metavar="FILE", type=Path, default=quiet, help="the configuration file")
        group.add_argument(
            "--url", metavar="URL", default=quiet, help="a daemon elsewhere, e.g. https://tipd.example.org"
        )
        group.add_argument("--token-file", metavar="FILE", type=Path, default=quiet, help="file with a token for --url")
        group.add_argument("--json", action="store_true", default=quiet, help="JSON Lines on standard output")
        group.add_argument("-q", "--quiet", action="store_true", default=quiet, help="no messages but errors")
        group.add_argument("-v", "--verbose", action="count", default=quiet, help="more messages")


def below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield all parsers of verbs below this one."""
    for action in parser._actions:  # argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield inner
                yield from below(inner)


def completed(args: argparse.Namespace, environ: Mapping[str, str]) -> argparse.Namespace:
    """Fill in what was not given: `TIPD_URL` and `TIPD_TOKEN_FILE`, else the defaults."""
    for name, default in DEFAULTS.items():
        if not hasattr(args, name):
            setattr(args, name, default)
    if args.url is None:
        args.url = environ.get("TIPD_URL") or None
    if args.token_file is None and environ.get("TIPD_TOKEN_FILE"):
        args.token_file = Path(environ["TIPD_TOKEN_FILE"])
    return args
