"""Who may take versions, and of which view: `peers.json`, written by `tipd-agent enroll`, read again when it changes.

A token is 256 random bits and kept as its SHA-256; a peer may show a client certificate in its place. Whatever cannot
be read lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

import msgspec

from tipd.agent import owner
from tipd.agent.durable import write
from tipd.errors import ConfigError, TipdError, UsageError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FORMAT = 1
PREFIX = "tia_"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class Peer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who may take a view.

    `token_sha256`, `certificate_sha256` (of its DER), both hex: either lets it in; `certificate`: that one, PEM;
    `certificate_name`: the name in one that the agent's own authority signed.
    `agents`: of which agents (where one listener serves several; empty: all). `pushes`: the agents whose versions it
    may bring. `made`, `revoked`: when (RFC 3339), revoked empty while it may come in.
    """

    view: str
    token_sha256: str = ""
    certificate_sha256: str = ""
    certificate: str = ""
    certificate_name: str = ""
    agents: tuple[str, ...] = ()
    pushes: tuple[str, ...] = ()
    made: str = ""
    revoked: str = ""
    note: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a peer has taken: the highest version sent whole, when, and how many; the highest it says it has."""

    n: int = 0
    at: str = ""
    versions: int = 0
    bytes: int = 0
    has: int = 0
    seen: str = ""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    format: int = FORMAT
    peers: dict[str, Peer] = {}


class _TakenFile(msgspec.Struct, frozen=True, kw_only=True):
    format: int = FORMAT
    taken: dict[str, Taken] = {}


class Known(msgspec.Struct, frozen=True):
    """A peer that showed who it is."""

    name: str
    peer: Peer


class Peers:
    """The file of peers. One that is not there has none."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet: `refresh()` does, or the first question."""
        self.path = path
        self.fault = ""  # why the file cannot be read
        self.changes = 0  # how often it was read
        self._stamp: object = None
        self._peers: dict[str, Peer] = {}
        self._taken: dict[str, Taken] = {}
        self._taken_path = path.with_name("taken.json")
        self._unsaved = False
        self.refresh()
        self._taken = _read_taken(self._taken_path)

    def refresh(self) -> bool:
        """Read the file again where it changed; return whether it did. Costs one stat else."""
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return False
        try:
            self._peers, self.fault = dict(_read(self.path).peers), ""
        except ConfigError as error:
            self._peers, self.fault = {}, str(error)
        self._stamp = stamp
        self.changes += 1
        return True

    def all(self) -> dict[str, Peer]:
        """Return all peers, revoked ones too."""
        return dict(self._peers)

    def by_token(self, token: str) -> Known | None:
        """Return whose token this is; every peer is compared with, each in constant time."""
        shown = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        return self._by("token_sha256", shown)

    def by_certificate(self, der: bytes, names: frozenset[str] = frozenset()) -> Known | None:
        """Return whose client certificate this is; `names`: what the agent's own authority vouches for."""
        found = self._by("certificate_sha256", hashlib.sha256(der).hexdigest())
        return found or next((each for name in sorted(names) if (each := self._by("certificate_name", name))), None)

    def _by(self, field: str, shown: str) -> Known | None:
        found: Known | None = None
        for name, peer in self._peers.items():
            same = hmac.compare_digest(getattr(peer, field).encode(), shown.encode())
            if same and shown and not peer.revoked:  # an empty field is nobody's
                found = Known(name, peer)
        return found

    def still(self, known: Known) -> bool:
        """Whether the peer may still do what it could when it came in."""
        return self._peers.get(known.name) == known.peer

    def certificates(self) -> str:
        """Return the client certificates of all that may come in, PEM."""
        return "\n".join(peer.certificate for peer in self._peers.values() if peer.certificate and not peer.revoked)

    def views(self) -> frozenset[str]:
        """Return the views somebody may take."""
        return frozenset(peer.view for peer in self._peers.values() if not peer.revoked)

    def taken(self, name: str) -> Taken:
        """Return what a peer has taken."""
        return self._taken.get(name, Taken())

    def took(self, name: str, n: int, size: int, at: str) -> None:
        """Note that a version was sent whole; `save_taken` keeps it."""
        before = self.taken(name)
        self._taken[name] = msgspec.structs.replace(
            before, n=max(n, before.n), at=at, versions=before.versions + 1, bytes=before.bytes + size
        )
        self._unsaved = True

    def says(self, name: str, has: int, at: str) -> None:
        """Note what a peer says it has: it asks for what comes after."""
        self._taken[name] = msgspec.structs.replace(self.taken(name), has=has, seen=at)
        self._unsaved = True

    def save_taken(self) -> None:
        """Write down what was taken, where something was. Only the server does; raises OSError."""
        if self._unsaved:
            document = msgspec.json.encode(_TakenFile(taken=self._taken))
            write(self._taken_path, msgspec.json.format(document) + b"\n", mode=owner.PRIVATE, durable=False)
            self._unsaved = False


def enroll(path: Path, name: str, peer: Peer, now: datetime) -> str:
    """Write a peer down and return its token, empty for one that shows a certificate; raises ConfigError.

    A name that is there already and not revoked is refused: one token each.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a peer: letters, digits, dot, dash, underscore; at most 64")
    token = "" if peer.certificate_sha256 or peer.certificate_name else PREFIX + secrets.token_urlsafe(32)
    hashed = hashlib.sha256(token.encode()).hexdigest() if token else ""
    with owner.alone(path):
        file = _read(path)
        if name in file.peers and not file.peers[name].revoked:
            raise TipdError(f"there is a peer {name} already: revoke it first, or choose another name")
        made = msgspec.structs.replace(peer, token_sha256=hashed, made=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        _write(path, file.peers | {name: made})
    return token


def revoke(path: Path, name: str, now: datetime) -> None:
    """Let a peer in no more; raises TipdError where there is none of the name."""
    with owner.alone(path):
        file = _read(path)
        if name not in file.peers:
            raise TipdError(f"there is no peer {name}")
        peer = file.peers[name]
        if not peer.revoked:
            peer = msgspec.structs.replace(peer, revoked=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
            _write(path, file.peers | {name: peer})


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _write(path: Path, peers: dict[str, Peer]) -> None:
    document = msgspec.json.encode(_File(peers=peers))
    write(path, msgspec.json.format(document) + b"\n", mode=owner.PRIVATE)


def _read_taken(path: Path) -> dict[str, Taken]:
    """Return what is known; a file that cannot be read costs only that."""
    try:
        return dict(msgspec.json.decode(path.read_bytes(), type=_TakenFile).taken)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return {}
