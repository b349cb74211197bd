"""A subscriber of the stream that resumes from its cursor for as long as it lives, and writes down what it was told."""

import json
import socket
import threading
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from support.daemon import Daemon, wait_a_moment


def address(daemon: Daemon, query: str = "") -> str:
    """Return the stream's URL."""
    return f"ws://127.0.0.1:{daemon.port}/api/v1/stream{query}"


def open_stream(daemon: Daemon, query: str = "", token: str | None = None, **options: Any) -> ClientConnection:
    """Open a stream; what the handshake raises passes."""
    headers = {"Authorization": f"Bearer {daemon.token() if token is None else token}"}
    return connect(address(daemon, query), additional_headers=headers, open_timeout=20, max_size=2**24, **options)


def deaf_reader(daemon: Daemon, query: str = "?since=0") -> socket.socket:
    """Upgrade to the stream and read nothing."""
    client = socket.create_connection(("127.0.0.1", daemon.port), timeout=30)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    head = (
        f"GET /api/v1/stream{query} HTTP/1.1\r\nHost: tipd\r\nAuthorization: Bearer {daemon.token()}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    client.sendall(head.encode())
    return client


class Subscriber:
    """A thread; `findings` in the order they came, `last` the cursor, `closed` the close codes, `resumed` how often."""

    def __init__(self, daemon: Daemon, since: int = 0) -> None:
        self.findings: list[dict] = []
        self.last = since
        self.closed: list[int] = []
        self.resumed = 0
        self.gaps: list[int] = []
        self.refused: list[int] = []
        self.store_id: str | None = None
        self._daemon = daemon
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Subscriber":
        self._daemon.token()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def seqs(self) -> list[int]:
        """Return the positions in the order they came."""
        return [finding["seq"] for finding in list(self.findings)]

    def _run(self) -> None:
        while not self._stop.is_set():
            query = f"?since={self.last}" + (f"&store_id={self.store_id}" if self.store_id else "")
            try:
                with open_stream(self._daemon, query, close_timeout=0.2) as stream:
                    self.resumed += 1
                    self._read(stream)
            except ConnectionClosed as closed:
                self.closed.append(closed.rcvd.code if closed.rcvd else 1006)
            except InvalidStatus as refusal:
                self.refused.append(refusal.response.status_code)
            except (OSError, InvalidHandshake, EOFError):
                pass  # it was killed in the middle of a handshake
            wait_a_moment()

    def _read(self, stream: ClientConnection) -> None:
        while not self._stop.is_set():
            try:
                message = json.loads(stream.recv(timeout=0.2))
            except TimeoutError:
                continue
            if message["type"] == "gap":
                self.gaps.append(message["since"])
                self.last = message["since"]
            else:
                self.findings += message["findings"]
                self.last = message["last"]
