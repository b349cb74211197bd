"""What `tipd-agent` does, verb by verb; each takes the parsed words and returns an exit code."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.agent import checking, enroll, peers, push
from tipd.agent.chain import Chain
from tipd.agent.host import CHAINS, LEDGER, open_keys
from tipd.agent.ledger import Ledger
from tipd.agent.owner import become_owner
from tipd.agent.protocol import Manifest
from tipd.clock import SystemClock
from tipd.errors import EXIT_CONFIG, EXIT_DONE, EXIT_NEGATIVE, ConfigError, TipdError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tipd.agent.saying import Saying
    from tipd.agent.settings import AgentConfig

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def run(_args: argparse.Namespace, config: AgentConfig, _saying: Saying) -> int:
    """Run the agent, as whom the state folder belongs to: what root left in it the agent could not use any more."""
    from tipd import log
    from tipd.agent import service

    become_owner(config.state_dir)
    trio.run(service.run, config, SystemClock(), log.get("agent"))
    return EXIT_DONE


def check(_args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Say what would keep the agent from working, as whom the state folder belongs to."""
    become_owner(config.state_dir)
    found = list(checking.faults(config))
    for fault in found:
        saying.record({"fault": fault}) if saying.as_json else saying.line(fault)
    if not found:
        where = f"{config.agent.listen}, {'TLS' if config.agent.tls_cert_file else 'no TLS'}"
        saying.say(f"{config.path}: the agent {config.name} can run ({where})")
    return EXIT_CONFIG if found else EXIT_DONE


def versions(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """List what is sealed; with `--verify` the chains are checked whole."""
    become_owner(config.state_dir)
    code = EXIT_DONE
    rows: list[dict[str, object]] = []
    for view, chain in _chains(config, args.view):
        for n, state, manifest, reason in _links(chain, 0 if args.verify else args.limit):
            rows.append({"view": view, "n": n, "state": state} | _told(manifest, reason))
            code = EXIT_NEGATIVE if state == "bad" else code
    saying.rows(("view", "n", "state", "records", "bytes", "sealed", "last"), rows)
    return code


def _links(chain: Chain, most: int) -> Iterator[tuple[int, str, Manifest | None, str]]:
    """Yield the last so many versions as they say they are; 0: all, verified."""
    if not most:
        for link in chain.check():
            yield link.n, link.state, link.manifest, link.reason
        return
    for n in range(max(1, chain.last - most + 1), chain.last + 1):
        yield n, "good" if chain.has_body(n) else "tombstone", _manifest(chain, n), ""


def _told(manifest: Manifest | None, reason: str) -> dict[str, object]:
    if manifest is None:
        return {"records": "", "bytes": "", "sealed": reason, "last": "", "reason": reason}
    kept = ("records", "bytes", "sealed", "first", "last", "sha256", "withdraws", "backlog")
    return {name: getattr(manifest, name) for name in kept}


def _manifest(chain: Chain, n: int) -> Manifest:
    try:
        return msgspec.json.decode(chain.manifest(n), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise TipdError(f"{chain.folder}: version {n}: {error}") from None


def _chains(config: AgentConfig, view: str = "") -> Iterator[tuple[str, Chain]]:
    """Yield the chains there are, of one view or of all."""
    folders = sorted(config.state_dir.joinpath(CHAINS).glob("*"))
    found = [each for each in folders if each.is_dir() and view in {"", each.name}]
    if view and not found:
        raise TipdError(f"nothing was sealed for the view {view!r}")
    for folder in found:
        yield folder.name, Chain(folder)


def enroll_peer(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Let a peer in."""
    become_owner(config.state_dir)
    names = args.certificate_name or ""
    told = enroll.enroll(
        config, args.peer, args.view, SystemClock(), certificate=args.certificate, certificate_name=names
    )
    if saying.as_json:
        saying.record(msgspec.to_builtins(told))
        return EXIT_DONE
    saying.say(f"{told.peer} may take the view {told.view}; our public key is {told.public_key}")
    if told.token:
        saying.say("the token, shown this once:")
        saying.line(told.token)
    return EXIT_DONE


def peers_list(_args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """List who may take what."""
    become_owner(config.state_dir)
    book = _book(config)
    saying.rows(("name", "view", "by", "has", "seen", "revoked"), [_peer(book, name) for name in sorted(book.all())])
    return EXIT_DONE


def peers_show(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Say what a peer has taken, and when."""
    become_owner(config.state_dir)
    book = _book(config)
    if args.name not in book.all():
        raise TipdError(f"there is no peer {args.name}")
    told = _peer(book, args.name)
    chain = dict(_chains(config)).get(str(told["view"]))
    told["behind"] = max(0, (chain.last if chain else 0) - book.taken(args.name).has)
    if saying.as_json:
        saying.record(told)
    else:
        for key, value in told.items():
            saying.line(f"{key:12} {value}")
    return EXIT_DONE


def peers_revoke(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Let a peer in no more."""
    become_owner(config.state_dir)
    enroll.revoke(config, args.name, SystemClock())
    saying.record({"peer": args.name, "revoked": True}) if saying.as_json else saying.say(f"{args.name} is revoked")
    return EXIT_DONE


def _book(config: AgentConfig) -> peers.Peers:
    book = peers.Peers(config.state_dir / enroll.PEERS)
    if book.fault:
        raise ConfigError(book.fault)
    return book


def _peer(book: peers.Peers, name: str) -> dict[str, object]:
    peer, taken = book.all()[name], book.taken(name)
    return {
        "name": name,
        "view": peer.view,
        "by": "token" if peer.token_sha256 else "certificate",
        "made": peer.made,
        "revoked": peer.revoked,
        "has": taken.has,
        "seen": taken.seen,
        "taken": taken.n,
        "taken_at": taken.at,
        "versions": taken.versions,
        "bytes": taken.bytes,
    }


def withdraw(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Have the next versions take back the records of some mails."""
    become_owner(config.state_dir)
    wrong = [each for each in args.sha256 if not _SHA256.fullmatch(each.lower())]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no SHA-256 of a mail: 64 hexadecimal digits")
    views = [view for view, _ in _chains(config)]
    hashes = list(dict.fromkeys(each.lower() for each in args.sha256))
    try:
        ledger = Ledger(config.state_dir / LEDGER)
    except (OSError, sqlite3.Error) as error:
        raise TipdError(f"{config.state_dir / LEDGER}: {error}") from None
    try:
        count = ledger.withdraw([bytes.fromhex(each) for each in hashes], args.reason, views)
    finally:
        ledger.close()
    enroll.audit_of(config, SystemClock()).write("withdraw", sha256s=hashes, reason=args.reason)
    if saying.as_json:
        saying.record({"mails": len(hashes), "records": count})
    else:
        saying.say(f"{count} records of {len(hashes)} mails are taken back with the next version of each view")
    return EXIT_DONE


def rotate_key(_args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Make a new signing key; the old one signs it over with the next version."""
    become_owner(config.state_dir)
    public = open_keys(config).rotate()
    enroll.audit_of(config, SystemClock()).write("rotate-key", public_key=public)
    if saying.as_json:
        saying.record({"public_key": public})
    else:
        saying.say("peers take it from the old key's own word, with the next version of each view:")
        saying.line(public)
    return EXIT_DONE


def certificate(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Make a self-signed certificate for the listener."""
    become_owner(config.state_dir)
    made, key = enroll.certify(config.state_dir, args.name, SystemClock())
    if saying.as_json:
        saying.record({"tls_cert_file": str(made), "tls_key_file": str(key)})
    else:
        saying.say("put this into [agent], and give the certificate to peers as their ca_file:")
        saying.line(f'tls_cert_file = "{made}"')
        saying.line(f'tls_key_file = "{key}"')
    return EXIT_DONE


def push_versions(args: argparse.Namespace, config: AgentConfig, saying: Saying) -> int:
    """Bring versions to whoever cannot reach this host."""
    become_owner(config.state_dir)
    chain = next(each for _, each in _chains(config, args.view))
    target = _target(args, config)

    def told(n: int) -> None:
        if not saying.as_json:
            saying.say(f"version {n} of {args.view} is there")

    async def bring() -> int:
        try:
            return await push.push(chain, target, told)
        finally:
            await target.aclose()

    count = trio.run(bring)
    if saying.as_json:
        saying.record({"view": args.view, "pushed": count, "last": chain.last})
    return EXIT_DONE


def _target(args: argparse.Namespace, config: AgentConfig) -> push.Target:
    if "://" not in args.to:
        return push.FolderTarget(Path(args.to), config.name, args.view)
    if args.token_file is None:
        raise UsageError("--token-file: is needed to push over HTTPS")
    try:
        token = Path(args.token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{args.token_file}: {error}") from None
    return push.HttpTarget(args.to, token, config.name, args.view, args.ca_file)
