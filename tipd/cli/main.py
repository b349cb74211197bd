"""The command line: find the verb, run it, and turn every error into one sentence and an exit code.

A verb's file is imported only when its name stands on the command line, so that a small command starts quickly.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from tipd.cli import options
from tipd.cli.output import Output
from tipd.errors import EXIT_DONE, TipdError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

# As a shell counts the end by a signal.
EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_PIPE = 128 + signal.SIGPIPE

# Verb and what it does, in the order of `tipd --help`; each stands in the file of its name.
VERBS = {
    "run": "run the daemon",
    "check": "check the configuration and all sources",
    "status": "show what the daemon does",
    "db": "look after the database",
    "sources": "list, show, test and run sources",
    "lookup": "ask what is listed",
    "report": "list a value yourself, or take it back",
    "watch": "follow findings as they are made",
    "findings": "read findings of the past",
    "forget": "blank a value everywhere, in place",
    "prove": "show which rounds prove that a value was listed",
    "rounds": "show what proves the past: the rounds of sources",
    "watches": "list watches, or say which of them a value concerns",
    "sinks": "list and test who is told of findings",
    "explain": "show who lists a value, and how sure tipd is",
    "export": "write a list out",
    "allow": "allow a value, whatever lists it",
    "trends": "show what rises and falls",
    "asn": "ask who announces an address",
    "flux": "watch names for fast flux; list, show, import, export them",
    "spamtraps": "show what spamtraps take in",
    "agent": "read spamtraps on a mail host",
    "agents": "list agents on mail hosts: last version, lag, gaps",
    "sharing": "pass on what agents gave us: who may take it",
    "campaigns": "list campaigns of spam, show one",
    "mails": "list stored mails, show one",
    "pivot": "walk from an address, a network, an AS or a name to others",
    "console": "print a link that opens the web console",
    "token": "make, list and revoke tokens",
    "audit": "show what operators did",
    "completion": "print a completion script for a shell",
    "version": "print the version",
}
_EPILOGUE = """exit codes: 0 done, 1 not found or negative, 2 usage, 69 unavailable, 75 try again, 78 configuration"""


def parser(verbs: Iterable[str] = VERBS) -> argparse.ArgumentParser:
    """Return the parser; only these verbs know their own options."""
    wanted = frozenset(verbs)
    top = argparse.ArgumentParser(
        prog="tipd", description="Gathers Internet threat trends by itself.", epilog=_EPILOGUE, allow_abbrev=False
    )
    top.add_argument("--version", action="store_true", help="print the version")
    subparsers = top.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for verb, about in VERBS.items():
        if verb in wanted:
            load(verb).add_parser(subparsers)
        else:
            subparsers.add_parser(verb, help=about, add_help=False)
    options.add_everywhere(top)
    return top


def load(verb: str) -> ModuleType:
    """Return the verb's file."""
    return importlib.import_module(f"tipd.cli.{verb}")


def main(words: Sequence[str]) -> int:
    """Run one command and return its exit code; never raises but SystemExit of the parser."""
    args = options.completed(parser(set(words) & VERBS.keys()).parse_args(words), os.environ)
    if args.version:
        args.verb = "version"
    if args.verb is None:
        parser(()).print_help()
        return EXIT_DONE
    return _guarded(args)


def _guarded(args: argparse.Namespace) -> int:
    try:
        verb = load(args.verb)
        if "tipd.log" in sys.modules:  # the daemon sets its log up itself, later
            Output.of(args).log_to_stderr()
        code = int(verb.run(args))
        sys.stdout.flush()
    except TipdError as error:
        print(f"tipd: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Who read our output has gone (`| head`): nothing to say, and nothing to flush at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code
