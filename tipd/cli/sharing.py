"""`tipd sharing`: who may take on what agents gave us, and who may push to us. On the daemon's own machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from tipd.cli.output import Output
from tipd.errors import EXIT_DONE, TipdError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.agent.peers import Peers
    from tipd.config import Config
    from tipd.modules.spamtrap.settings import SpamtrapSettings

_TITLES = ("NAME", "VIEW", "AGENTS", "PUSHES", "HAS", "SEEN", "REVOKED")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser("sharing", help="pass on what agents gave us: who may take it")
    verbs = parser.add_subparsers(dest="sharing_verb", metavar="VERB", required=True)
    enroll = verbs.add_parser("enroll", help="let a peer in; the token is shown this once")
    enroll.add_argument("--peer", required=True, metavar="NAME", help="how you call it")
    enroll.add_argument("--view", default="redacted", metavar="VIEW", help="the view it may take (redacted)")
    enroll.add_argument("--agent", action="append", default=[], metavar="AGENT", help="only of this one (repeat it)")
    pushes = "an agent whose versions it may bring, with `push = true` (repeat it)"
    enroll.add_argument("--pushes", action="append", default=[], metavar="AGENT", help=pushes)
    verbs.add_parser("peers", help="list all peers, revoked ones too, and what they have")
    show = verbs.add_parser("show", help="say what a peer has taken, and when")
    show.add_argument("name", metavar="NAME", help="as it was enrolled")
    revoke = verbs.add_parser("revoke", help="let a peer in no more: it is out within seconds")
    revoke.add_argument("name", metavar="NAME", help="as it was enrolled")
    certificate = verbs.add_parser("certificate", help="make a self-signed certificate for the listener")
    certificate.add_argument("name", nargs="+", metavar="NAME", help="host names and addresses peers will use")


def run(args: argparse.Namespace) -> int:
    """Do what the second word says; raises TipdError."""
    from tipd.agent.owner import become_owner
    from tipd.daemon import sections

    if args.url is not None:
        raise TipdError("peers stand in a file on the daemon's machine: do it there, without --url")
    config = sections.load(args.config)
    become_owner(config.state_dir)
    does = {"enroll": _enroll, "peers": _list, "show": _show, "revoke": _revoke, "certificate": _certificate}
    does[args.sharing_verb](args, config, Output.of(args))
    return EXIT_DONE


def _settings(config: Config) -> SpamtrapSettings:
    from tipd.modules.spamtrap.settings import SpamtrapSettings

    return config.section("modules.spamtrap", SpamtrapSettings)


def _file(config: Config) -> Path:
    from tipd.modules.spamtrap.agents.sharing import peers_file

    return peers_file(config.state_dir)


def _enroll(args: argparse.Namespace, config: Config, output: Output) -> None:
    from tipd.agent import peers
    from tipd.clock import SystemClock
    from tipd.config import nearest

    agents = {one.name: one for one in _settings(config).agents}
    for name in (*args.agent, *args.pushes):
        if name not in agents:
            raise UsageError(f"there is no agent {name!r} in the configuration{nearest(name, agents)}")
    for name in args.pushes:
        if not agents[name].push:
            raise UsageError(f"agent {name!r} is asked by us: it may be pushed to with `push = true` alone")
    peer = peers.Peer(view=args.view, agents=tuple(args.agent), pushes=tuple(args.pushes))
    token = peers.enroll(_file(config), args.peer, peer, SystemClock().now())
    if output.as_json:
        record = {"peer": args.peer, "token": token, "view": args.view}
        output.record(record | {"agents": list(args.agent), "pushes": list(args.pushes)})
        return
    what = f"bring versions of {', '.join(args.pushes)}" if args.pushes else f"take the view {args.view}"
    output.say(f"{args.peer} may {what}; the token, shown this once:")
    output.line(token)


def _book(config: Config) -> Peers:
    from tipd.agent.peers import Peers

    book = Peers(_file(config))
    if book.fault:
        raise TipdError(book.fault)
    return book


def _told(book: Peers, name: str) -> dict[str, Any]:
    peer, taken = book.all()[name], book.taken(name)
    return {
        "name": name,
        "view": peer.view,
        "agents": list(peer.agents),
        "pushes": list(peer.pushes),
        "made": peer.made,
        "revoked": peer.revoked,
        "has": taken.has,
        "seen": taken.seen,
        "taken": taken.n,
        "taken_at": taken.at,
        "versions": taken.versions,
        "bytes": taken.bytes,
    }


def _list(_args: argparse.Namespace, config: Config, output: Output) -> None:
    book = _book(config)
    rows = [_told(book, name) for name in sorted(book.all())]
    if output.as_json:
        for row in rows:
            output.record(row)
    elif rows:
        output.table(_TITLES, [_cells(row) for row in rows])
    else:
        output.say("nobody is enrolled (`tipd sharing enroll --peer NAME`)")


def _cells(row: dict[str, Any]) -> list[str]:
    agents = " ".join(row["agents"]) or "all"
    return [row["name"], row["view"], agents, " ".join(row["pushes"]), str(row["has"]), row["seen"], row["revoked"]]


def _show(args: argparse.Namespace, config: Config, output: Output) -> None:
    book = _book(config)
    if args.name not in book.all():
        raise TipdError(f"there is no peer {args.name}")
    told = _told(book, args.name)
    if output.as_json:
        output.record(told)
        return
    for key, value in told.items():
        output.line(f"{key:12} {' '.join(value) if isinstance(value, list) else value}")


def _revoke(args: argparse.Namespace, config: Config, output: Output) -> None:
    from tipd.agent import peers
    from tipd.clock import SystemClock

    peers.revoke(_file(config), args.name, SystemClock().now())
    if output.as_json:
        output.record({"peer": args.name, "revoked": True})
    else:
        output.say(f"{args.name} is revoked")


def _certificate(args: argparse.Namespace, config: Config, output: Output) -> None:
    from tipd.agent.enroll import certify
    from tipd.clock import SystemClock

    made, key = certify(_file(config).parent, args.name, SystemClock())
    if output.as_json:
        output.record({"tls_cert_file": str(made), "tls_key_file": str(key)})
        return
    output.say("put this into [sharing], and give the certificate to peers as their ca_file:")
    output.line(f'tls_cert_file = "{made}"')
    output.line(f'tls_key_file = "{key}"')
