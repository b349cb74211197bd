"""The agent's secrets: the key that signs versions (Ed25519), and the keys of the views' HMACs; in files of mode 0600.

A new signing key counts for a chain once a version signed by the old one has named it (`next_key`), so after `rotate`
each chain goes over by itself, whenever it seals next; until then both keys are kept.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tipd.agent import durable
from tipd.agent.protocol import public_key, public_text
from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BYTES = 32
_HMAC = "hmac.key"
_CURRENT = "current"
_SUFFIX = ".ed25519"


class Keys:
    """The folder of keys; makes what is missing. Raises ConfigError for a file that is no key, or that others read."""

    def __init__(self, folder: Path, hmac_key_file: Path | None = None) -> None:
        """`hmac_key_file`: a key that several agents share, in place of one of our own."""
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hmac = _secret(hmac_key_file, BYTES) if hmac_key_file else self._own_hmac()
        if not (folder / _CURRENT).exists():
            self.rotate()
        self.private(self.public)

    def _own_hmac(self) -> bytes:
        path = self._folder / _HMAC
        if not path.exists():
            durable.write(path, secrets.token_bytes(BYTES), mode=0o600)
        return _secret(path, BYTES)

    @property
    def public(self) -> str:
        """The public key (base64) that signs, or will once a chain has gone over to it."""
        try:
            return (self._folder / _CURRENT).read_text(encoding="ascii").strip()
        except (OSError, UnicodeError) as error:
            raise ConfigError(f"{self._folder / _CURRENT}: {error}") from None

    def private(self, public: str) -> Ed25519PrivateKey:
        """Return the private key of a public one; raises ConfigError where it is not there."""
        path = self._folder / _name(public)
        if not path.exists():
            raise ConfigError(f"{path}: is missing: the chain it signs cannot be continued without it")
        key = Ed25519PrivateKey.from_private_bytes(_secret(path, BYTES)[:BYTES])
        if public_text(key.public_key()) != public:
            raise ConfigError(f"{path}: is not the key of {public}")
        return key

    def rotate(self) -> str:
        """Make a new signing key; return its public one. Another process may do it while the agent runs."""
        key = Ed25519PrivateKey.generate()
        public = public_text(key.public_key())
        with self._alone():
            durable.write(self._folder / _name(public), key.private_bytes_raw(), mode=0o600)
            durable.write(self._folder / _CURRENT, public.encode() + b"\n", mode=0o600)
        return public

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep another process from retiring the key that this one is just making."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def retire(self, needed: Iterable[str]) -> None:
        """Remove signing keys that no chain needs any more."""
        with self._alone():
            kept = {_name(public) for public in (*needed, self.public)}
            for path in self._folder.glob(f"*{_SUFFIX}"):
                if path.name not in kept:
                    path.unlink()

    def of_view(self, view: str) -> bytes:
        """Return the HMAC key of a view: from one view's HMACs nobody can tell another's (RFC 5869, 3.2)."""
        return hmac.digest(self._hmac, b"tipd agent view " + view.encode(), hashlib.sha256)


def _name(public: str) -> str:
    """Return the file of a key: base64 may hold what a file's name may not."""
    try:
        return hashlib.sha256(public_key(public).public_bytes_raw()).hexdigest()[:16] + _SUFFIX
    except ValueError as error:
        raise ConfigError(f"{public!r} is no public key: {error}") from None


def _secret(path: Path, least: int) -> bytes:
    """Return a file's bytes; raises ConfigError where it is short, or where others than its owner may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1 << 16)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise ConfigError(f"{path}: others may read it (mode {stat.S_IMODE(mode):04o}); chmod 600 it")
    if len(content) < least:
        raise ConfigError(f"{path}: holds {len(content)} bytes, at least {least} are wanted")
    return content
