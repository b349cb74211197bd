"""Credentials: read from a file at each fetch, put where a declaration says `{credential}`, hidden everywhere else."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import trio

from tipd.net.request import FetchError

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.net.request import Request

PLACE = "{credential}"
MAX_BYTES = 16 * 1024


class Credential:
    """A secret that does not show itself: `repr` and `str` are blank."""

    def __init__(self, secret: str) -> None:
        """Keep the secret; an empty one stands for none."""
        self._secret = secret
        shapes = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)} - {""}
        self._shapes = sorted(shapes, key=len, reverse=True)

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
        for shape in self._shapes:
            text = text.replace(shape, PLACE)
        return text

    def within(self, text: str) -> bool:
        """Return whether the secret stands in the text."""
        return any(shape in text for shape in self._shapes)


async def read_credential(request: Request) -> Credential:
    """Return the request's credential, an empty one where it declares none.

    Raises FetchError `needs_key` where one is declared and there is no usable file.
    """
    if not _wanted(request):
        return Credential("")
    if request.credential_file is None:
        raise FetchError("needs_key", "the source wants a credential and none is given (set its credential file)")
    return Credential(await trio.to_thread.run_sync(_read, request.credential_file))


def _wanted(request: Request) -> bool:
    return any(PLACE in text for text in (request.url, request.body or "", *request.headers.values()))


def _read(path: Path) -> str:
    try:
        # Not blocking: a FIFO in the file's place must not hold a thread.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            _check_mode(path, os.fstat(file.fileno()))
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FetchError("needs_key", f"the credential file {path} does not exist") from None
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
