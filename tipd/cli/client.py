"""Speak HTTP to the daemon: over the control socket in its state directory, or to a URL with a token."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tipd import config
from tipd.errors import (
    EXIT_NEGATIVE,
    EXIT_TRY_AGAIN,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
    ConfigError,
    TipdError,
    Unavailable,
    UsageError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

CONTROL_NAME = "tipd.sock"
TIMEOUT = 60.0  # seconds without a byte
_LONGEST_PATH = 107  # bytes of a unix socket's path
_EXIT_OF = {400: EXIT_USAGE, 404: EXIT_NEGATIVE, 410: EXIT_NEGATIVE, 422: EXIT_USAGE}
_EXIT_OF |= {401: ConfigError.exit_code, 403: ConfigError.exit_code}
_EXIT_OF |= dict.fromkeys((408, 409, 425, 429, 503), EXIT_TRY_AGAIN)

type Query = Mapping[str, str | int | Sequence[str] | None]


class Refused(TipdError):
    """The daemon answered with an error; `members` is its problem+json."""

    def __init__(self, status: int, members: Mapping[str, Any]) -> None:
        """Keep status and members; the text is what the daemon says of it."""
        super().__init__(str(members.get("detail") or members.get("title") or f"the daemon answered {status}"))
        self.status = status
        self.members = members
        self.exit_code = _EXIT_OF.get(status, EXIT_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the daemon is: a socket's path, or a URL with the token's text."""

    socket_path: Path | None = None
    secure: bool = False
    host: str = "localhost"
    port: int = 80
    prefix: str = ""
    token: str | None = None

    @property
    def url(self) -> str:
        """Return the base as a text for messages and websockets."""
        if self.socket_path is not None:
            return f"unix:{self.socket_path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.secure else ''}://{host}:{self.port}{self.prefix}"


def place_of(args: argparse.Namespace, environ: Mapping[str, str]) -> Place:
    """Return where the global options say the daemon is. Raises ConfigError for a URL or token that cannot be used."""
    if args.url is None:
        return Place(socket_path=config.state_dir(args.config, environ) / CONTROL_NAME)
    parts = urlsplit(args.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise ConfigError(f"--url {args.url}: write it like https://tipd.example.org")
    secure = parts.scheme == "https"
    try:
        port = parts.port or (443 if secure else 80)
    except ValueError:
        raise ConfigError(f"--url {args.url}: the port is no number from 1 to 65535") from None
    token = _token(args.token_file) if args.token_file is not None else None
    return Place(secure=secure, host=parts.hostname, port=port, prefix=parts.path.rstrip("/"), token=token)


def _token(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not ASCII"
        raise ConfigError(f"--token-file {path}: {why}") from None
    if not text or not text.isprintable() or " " in text:
        raise ConfigError(f"--token-file {path}: holds no token (one line, tip_…)")
    return text


class Client:
    """Requests to one daemon; a connection is kept between them."""

    def __init__(self, place: Place) -> None:
        """Connect at the first request."""
        self.place = place
        self._connection: http.client.HTTPConnection | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Client:
        """Return the client that the global options ask for."""
        return cls(place_of(args, os.environ))

    def get(self, path: str, query: Query | None = None) -> Any:
        """Return the JSON of an answer. Raises Refused, Unavailable."""
        return self._json("GET", path, query, None)

    def post(self, path: str, body: Any = None, query: Query | None = None) -> Any:
        """Return the JSON of an answer; None where there is none. Bytes go as they are. Raises Refused, Unavailable."""
        return self._json("POST", path, query, body)

    def delete(self, path: str, query: Query | None = None, body: Any = None) -> Any:
        """Delete it; return the JSON of an answer, None where there is none. Raises Refused, Unavailable."""
        return self._json("DELETE", path, query, body)

    def _json(self, method: str, path: str, query: Query | None, body: Any) -> Any:
        with self.open(method, path, query, body) as answer:
            text = self._read(answer)
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise Unavailable(f"{self.place.url} does not answer like tipd") from None

    @contextmanager
    def open(
        self, method: str, path: str, query: Query | None = None, body: Any = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Give the answer, to be read piece by piece. Raises Refused, Unavailable, UsageError (an empty value)."""
        if path.endswith("/") or "//" in path:
            raise UsageError("the value is empty")  # what was meant for one would be asked of all there are
        target = self.place.prefix + path + _query(query)
        with self._troubles():
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            answer = self._request(method, target, sent)
        if answer.status >= 300:
            raise Refused(answer.status, _members(self._read(answer)))
        try:
            yield answer
        finally:
            if not answer.isclosed():  # not read to its end: the connection cannot be used again
                self.close()

    def _request(self, method: str, target: str, body: bytes | None) -> http.client.HTTPResponse:
        connection = self._connection
        if connection is not None:
            try:
                return self._exchange(connection, method, target, body)
            except (http.client.RemoteDisconnected, ConnectionError, http.client.CannotSendRequest):
                self.close()  # kept alive for too long: once again with a new one
        self._connection = connection = _connect(self.place)
        return self._exchange(connection, method, target, body)

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None
    ) -> http.client.HTTPResponse:
        try:
            connection.request(method, target, body, self._headers(body))
        except (BrokenPipeError, ConnectionResetError) as error:
            try:
                return connection.getresponse()  # who did not take all of it may have said why
            except (OSError, http.client.HTTPException):
                raise error from None
        return connection.getresponse()

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json, */*"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.place.token is not None:
            headers["Authorization"] = f"Bearer {self.place.token}"
        return headers

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        with self._troubles():
            return answer.read()

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise unavailable(self.place, error) from None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _query(query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None and value != []}
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _members(text: bytes) -> Mapping[str, Any]:
    try:
        members = json.loads(text)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def unavailable(place: Place, error: Exception) -> Unavailable:
    """Return the sentence for a daemon that does not answer."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    if place.socket_path is None:
        return Unavailable(f"no answer from {place.url}: {why}")
    if isinstance(error, PermissionError):
        return Unavailable(f"{place.socket_path} belongs to another user: run this as that user or as root")
    if isinstance(error, OSError) and error.errno in {errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR}:
        return Unavailable(
            f"no tipd runs here (nobody answers at {place.socket_path}): start it with `tipd run`, "
            "or name its configuration with --config, or another machine with --url"
        )
    return Unavailable(f"no answer at {place.socket_path}: {why}")


def _connect(place: Place) -> http.client.HTTPConnection:
    if place.socket_path is not None:
        connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT)
        connection.sock = open_control(place.socket_path)
        return connection
    kind = http.client.HTTPSConnection if place.secure else http.client.HTTPConnection
    return kind(place.host, place.port, timeout=TIMEOUT)


def open_control(path: Path) -> socket.socket:
    """Return a socket connected to the daemon's; a path too long for a socket's address goes through its folder."""
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(TIMEOUT)
    folder = None
    try:
        if len(os.fsencode(path)) > _LONGEST_PATH:
            folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
            one.connect(f"/proc/self/fd/{folder}/{path.name}")
        else:
            one.connect(str(path))
    except BaseException:
        one.close()
        raise
    finally:
        if folder is not None:
            os.close(folder)
    return one
