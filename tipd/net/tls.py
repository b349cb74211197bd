"""TLS contexts, made once per set of files, and certificate trouble in plain words."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trio

from tipd.net.request import FetchError

if TYPE_CHECKING:
    from pathlib import Path

MAX_CONTEXTS = 256
# X.509 verification results (openssl's x509_vfy.h) that an operator should read in words.
_VERIFY = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "hangs from an authority that is not trusted",
    20: "comes from an authority that is not trusted",
    21: "comes from an authority that is not trusted",
    23: "was revoked",
    62: "is for another name",
    64: "is for another address",
}

type Files = tuple[Path | None, Path | None, Path | None]  # ca_file, client certificate, its key


class Contexts:
    """Makes TLS contexts in a thread (reading the system's authorities takes 30 ms) and keeps them.

    A file that changed makes a new context: certificates are renewed while tipd runs.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._made: dict[tuple[object, ...], ssl.SSLContext] = {}

    async def get(self, files: Files) -> ssl.SSLContext:
        """Return a context for these files; raises FetchError `unreachable` where one cannot be read."""
        key = await trio.to_thread.run_sync(_stamp, files)
        if key not in self._made:
            if len(self._made) >= MAX_CONTEXTS:
                self._made.clear()
            self._made[key] = await trio.to_thread.run_sync(_make, files)
        return self._made[key]


def _stamp(files: Files) -> tuple[object, ...]:
    stamps: list[object] = []
    for path in files:
        try:
            stamps += [path, path.stat().st_mtime_ns if path else None]
        except OSError as error:
            raise FetchError("unreachable", f"the TLS file {path}: {error.strerror}") from None
    return tuple(stamps)


def _make(files: Files) -> ssl.SSLContext:
    ca_file, certificate, key = files
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError):
        raise FetchError("unreachable", f"the TLS file {ca_file}: holds no certificates (PEM)") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if certificate:
        try:
            # A password prompt would stop the daemon: an encrypted key is an error instead.
            context.load_cert_chain(certificate, key, password=lambda: "")
        except (OSError, ssl.SSLError):
            raise FetchError("unreachable", f"the TLS file {certificate}: no certificate and key that fit") from None
    return context


def explain(error: BaseException, host: str) -> str:
    """Return what went wrong in a handshake, in words."""
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = _VERIFY.get(cause.verify_code, f"was not accepted: {cause.verify_message}")
        return f"TLS: the certificate of {host} {why}"
    if isinstance(cause, ssl.SSLEOFError) or cause is None:
        return f"TLS: {host} closed the connection in the handshake"
    reason = cause.reason if isinstance(cause, ssl.SSLError) else None
    return f"TLS: the handshake with {host} failed ({reason or type(cause).__name__})"
