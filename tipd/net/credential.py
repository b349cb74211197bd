"""Credentials: read from a file at each fetch, put where a declaration says `{credential}`, hidden everywhere else."""

from __future__ import annotations

import base64
import os
import re
import stat
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import msgspec
import trio

from tipd.net.request import FetchError

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.net.request import Request

PLACE = "{credential}"
MAX_BYTES = 16 * 1024
SCRUB_FROM = 8  # characters: what is shorter stands in any list by chance


class Credential:
    """A secret that does not show itself: `repr` and `str` are blank."""

    def __init__(self, secret: str) -> None:
        """Keep the secret; an empty one stands for none."""
        self._secret = secret
        quoted = msgspec.json.encode(secret).decode()[1:-1]
        shapes = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quoted, quoted.replace("/", "\\/")}
        shapes |= {repr(secret)[1:-1]}
        shapes -= {""}
        self._shapes = sorted(shapes, key=len, reverse=True)
        # Hosts, schemes and media types come to us in lower case, whatever was sent.
        case = re.IGNORECASE if len(secret) >= SCRUB_FROM else re.NOFLAG
        self._pattern = re.compile("|".join(map(re.escape, self._shapes)), case) if self._shapes else None

    def __repr__(self) -> str:
        return "Credential(***)"

    def fill(self, template: str) -> str:
        """Return a header's value or a body with the secret in its place."""
        return template.replace(PLACE, self._secret)

    def fill_url(self, template: str) -> str:
        """Return a URL with the secret in its place, percent-encoded."""
        return template.replace(PLACE, quote(self._secret, safe=""))

    def hide(self, text: str) -> str:
        """Return the text with the secret, in any shape it was sent in, replaced by its place."""
        return self._pattern.sub(PLACE, text) if self._pattern else text

    def scrubber(self) -> Scrubber | None:
        """Return what takes the secret out of a body; None where it is too short to tell from text."""
        return Scrubber([shape.encode() for shape in self._shapes]) if len(self._secret) >= SCRUB_FROM else None

    def within(self, text: str) -> bool:
        """Return whether the secret stands in the text."""
        return bool(self._pattern and self._pattern.search(text))


class Scrubber:
    """Takes a secret out of a stream of bytes, also where it lies across two pieces: a server may send it back."""

    def __init__(self, shapes: list[bytes]) -> None:
        """`shapes` are in the order in which they are looked for, the longest first."""
        self._shapes = shapes
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Return what is known to be clean; the last bytes are held back."""
        whole = self._held + piece
        for shape in self._shapes:
            if shape in whole:
                whole = whole.replace(shape, PLACE.encode())
        keep = len(whole) - len(self._shapes[0]) + 1
        keep = max(keep, 0)
        self._held = whole[keep:]
        return whole[:keep]

    def finish(self) -> bytes:
        """Return the rest."""
        rest, self._held = self._held, b""
        return rest


async def read_credential(request: Request) -> Credential:
    """Return the request's credential, an empty one where it declares none.

    Raises FetchError `needs_key` where one is declared and there is no usable file.
    """
    if not _wanted(request):
        return Credential("")
    if request.credential_file is None:
        raise FetchError("needs_key", "the source wants a credential and none is given (set its credential file)")
    return Credential(await trio.to_thread.run_sync(read_secret, request.credential_file))


async def read_proxy_credential(path: Path | None) -> str | None:
    """Return what a proxy is told, `Basic …` (RFC 7617); None where it asks nobody. Raises FetchError `needs_key`."""
    if path is None:
        return None
    secret = await trio.to_thread.run_sync(read_secret, path)
    if ":" not in secret:
        raise FetchError("needs_key", f"the credential file {path} must hold user:password for the proxy")
    return "Basic " + base64.b64encode(secret.encode()).decode()


def _wanted(request: Request) -> bool:
    return any(PLACE in text for text in (request.url, request.body or "", *request.headers.values()))


def read_secret(path: Path, way: str = "") -> str:
    """Return the one line of a file that only we may read; `way`: how one comes by it (else as a source's key).

    Raises FetchError `needs_key`.
    """
    try:
        # Not blocking: a FIFO in the file's place must not hold a thread.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            _check_mode(path, os.fstat(file.fileno()))
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        way = way or f"`tipd sources key {path.name}`"
        raise FetchError("needs_key", f"the credential file {path} does not exist ({way})") from None
    except OSError as error:
        raise FetchError("needs_key", f"the credential file {path}: {error.strerror}") from None
    text = raw.decode("ascii", "replace").strip("\r\n \t")
    if not text:
        raise FetchError("needs_key", f"the credential file {path} is empty")
    if len(raw) > MAX_BYTES or not text.isprintable() or not text.isascii():
        raise FetchError("needs_key", f"the credential file {path} must hold one line of printable ASCII")
    return text


def _check_mode(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FetchError("needs_key", f"the credential file {path} is not a regular file")
    granted = os.environ.get("CREDENTIALS_DIRECTORY")
    if granted and path.parent == type(path)(granted):
        return  # systemd guards that folder itself, and shows an access list as the group's bits
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise FetchError(
            "needs_key", f"the credential file {path} is open to others (mode {mode:04o}): chmod 600 {path}"
        )
