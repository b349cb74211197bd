"""The server that stand-ins of other people's systems have in common: on loopback, in a thread, gone with its block."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class StandIn:
    """A context manager; `slow` (seconds) is how long each answer takes, cut short at the end."""

    def __init__(self, answers: type[BaseHTTPRequestHandler], host: str = "127.0.0.1") -> None:
        """Listen on a free port; nothing is answered before the block begins."""
        self.slow = 0.0
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer((host, 0), answers)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base(self) -> str:
        """The address, without a slash at its end."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pause(self) -> None:
        """Take as long as an answer takes."""
        self._ended.wait(self.slow)
