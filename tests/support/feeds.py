"""A web server in a thread that serves what a test puts on it, with ETags and 304s, and counts who asked."""

import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FeedServer:
    """A context manager; `base` is its address."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[int, bytes, str]] = {}
        self._counts: Counter[str] = Counter()
        self._served: Counter[int] = Counter()
        feeds = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                feeds._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FeedServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, path: str, body: str | bytes, status: int = 200) -> None:
        """Serve this body there from now on."""
        raw = body.encode() if isinstance(body, str) else body
        self._pages[path] = (status, raw, f'"{hashlib.sha256(raw).hexdigest()[:16]}"')

    def retag(self, path: str) -> None:
        """Give the same body another ETag."""
        status, raw, tag = self._pages[path]
        self._pages[path] = (status, raw, tag[:-1] + 'x"')

    def count(self, path: str) -> int:
        """Return how often it was asked for."""
        return self._counts[path]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.split("?")[0]
        self._counts[path] += 1
        status, raw, tag = self._pages.get(path, (404, b"not here", '"none"'))
        if status == 200 and handler.headers.get("If-None-Match") == tag:
            status, raw = 304, b""
        handler.send_response(status)
        handler.send_header("ETag", tag)
        handler.send_header("Content-Type", "text/plain")
        if status != 304:
            handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)
