"""The command line of the agent: `tipd-agent VERB`, and `tipd agent VERB` where the daemon's program is there too."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tipd.errors import EXIT_DONE, EXIT_UNAVAILABLE, TipdError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_PIPE = 128 + signal.SIGPIPE
_EPILOGUE = "exit codes: 0 done, 1 not found or negative, 2 usage, 69 unavailable, 75 try again, 78 configuration"
_ABOUT = "Reads spamtraps on a mail host, seals what it finds into versions, and serves them to known peers."


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Describe the verbs; `args.does` names the function of `verbs` that does it."""
    verbs = parser.add_subparsers(dest="agent_verb", metavar="VERB", required=True)
    _verb(verbs, "run", "run the agent", "run")
    _verb(verbs, "check", "say what would keep the agent from working", "check")
    listed = _verb(verbs, "versions", "list what is sealed", "versions")
    listed.add_argument("--view", default="", metavar="VIEW", help="of this view alone")
    listed.add_argument("--limit", type=int, default=20, metavar="N", help="the last so many of each view (20)")
    listed.add_argument("--verify", action="store_true", help="check every version: signature, chain, lines")
    _enroll(verbs)
    _peers(verbs)
    withdraw = _verb(verbs, "withdraw", "take back what versions say of some mails", "withdraw")
    withdraw.add_argument("sha256", nargs="+", metavar="SHA256", help="of the mail, as its record has it")
    withdraw.add_argument("--reason", required=True, help="why; it stays on this host")
    push = _verb(verbs, "push", "bring versions to whoever cannot reach this host", "push_versions")
    push.add_argument("--to", required=True, metavar="URL|FOLDER", help="a daemon's [sharing] listener, or a folder")
    push.add_argument("--view", default="redacted", metavar="VIEW", help="which view (redacted)")
    push.add_argument("--ca-file", type=Path, metavar="FILE", help="certificate authority of the listener (PEM)")
    _verb(verbs, "rotate-key", "make a new signing key", "rotate_key")
    certificate = _verb(verbs, "certificate", "make a self-signed certificate for the listener", "certificate")
    certificate.add_argument("name", nargs="+", metavar="NAME", help="host names and addresses peers will use")


def _verb(verbs: Any, name: str, about: str, does: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about)
    parser.set_defaults(does=does)
    return parser


def _enroll(verbs: Any) -> None:
    parser = _verb(verbs, "enroll", "let a peer in; the token is shown this once", "enroll_peer")
    parser.add_argument("--peer", required=True, metavar="NAME", help="how you call it")
    parser.add_argument("--view", default="redacted", metavar="VIEW", help="what it may see (redacted)")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--certificate", type=Path, metavar="FILE", help="its client certificate (PEM), for a token")
    way.add_argument("--certificate-name", metavar="NAME", help="the name in one that client_ca_file signed")


def _peers(verbs: Any) -> None:
    inner = verbs.add_parser("peers", help="who may take what").add_subparsers(
        dest="peers_verb", metavar="VERB", required=True
    )
    _verb(inner, "list", "list all peers, revoked ones too", "peers_list")
    for name, about in (("show", "say what a peer has taken, and when"), ("revoke", "let a peer in no more")):
        _verb(inner, name, about, f"peers_{name}").add_argument("name", metavar="NAME", help="as it was enrolled")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; raises TipdError."""
    from tipd import log
    from tipd.agent import settings, verbs
    from tipd.agent.saying import Saying

    saying = Saying.of(args)
    least = "info" if args.does == "run" or args.verbose else "warning"
    log.setup("debug" if args.verbose > 1 else least)
    config = settings.load(args.config, os.environ)
    return int(getattr(verbs, args.does)(args, config, saying))


def main(words: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    args = _completed(parser().parse_args(words))
    if args.version:
        sys.stdout.write(f"tipd-agent {_version()}\n")
        return EXIT_DONE
    if args.agent_verb is None:
        parser().print_help()
        return EXIT_DONE
    return _guarded(args)


def _version() -> str:
    try:
        return metadata.version("tipd")
    except metadata.PackageNotFoundError:
        return "of a source tree"


def _guarded(args: argparse.Namespace) -> int:
    try:
        code = run(args)
        sys.stdout.flush()
    except TipdError as error:
        sys.stderr.write(f"tipd-agent: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        if not error.filename:
            raise
        sys.stderr.write(f"tipd-agent: {os.fsdecode(error.filename)}: {error.strerror}\n")
        return EXIT_UNAVAILABLE
    return code


def parser() -> argparse.ArgumentParser:
    """Return the parser of `tipd-agent`."""
    top = argparse.ArgumentParser(prog="tipd-agent", description=_ABOUT, epilog=_EPILOGUE, allow_abbrev=False)
    top.add_argument("--version", action="store_true", help="print the version")
    add_verbs(top)
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            action.required = False
    for each in [top, *_below(top)]:
        each.allow_abbrev = False
        group = each.add_argument_group("global options")
        quiet = argparse.SUPPRESS
        group.add_argument("--config", metavar="FILE", type=Path, default=quiet, help="the agent's configuration")
        group.add_argument("--token-file", metavar="FILE", type=Path, default=quiet, help="a token, to push with")
        group.add_argument("--json", action="store_true", default=quiet, help="JSON Lines on standard output")
        group.add_argument("-q", "--quiet", action="store_true", default=quiet, help="no messages but errors")
        group.add_argument("-v", "--verbose", action="count", default=quiet, help="more messages")
    return top


def _below(top: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found: list[argparse.ArgumentParser] = []
    for action in top._actions:  # argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                found += [inner, *_below(inner)]
    return found


def _completed(args: argparse.Namespace) -> argparse.Namespace:
    """Fill in what was not given: options stand before or after the verb, so none has a default of its own."""
    for name, default in (("config", None), ("token_file", None), ("json", False), ("quiet", False), ("verbose", 0)):
        if not hasattr(args, name):
            setattr(args, name, default)
    return args
