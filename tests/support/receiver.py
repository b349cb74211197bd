"""A webhook's other end, in a thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Keeps what came and answers `status`, or what `judge` says to a body; a context manager."""

    def __init__(self) -> None:
        self.status = 200
        self.judge: Callable[[bytes], int] = lambda _body: self.status
        self.came: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.judge(body)
                receiver.came.append((dict(self.headers), body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def values(self) -> list[str]:
        """The subjects of all findings that came, in order; of a source's own its kind."""
        told = [finding for _, body in self.came for finding in json.loads(body)["findings"]]
        return [finding["subject"]["value"] if finding["subject"] else finding["kind"] for finding in told]
