"""A web server in a thread that serves what a test puts on it, with ETags and 304s, and counts who asked."""

import contextlib
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FeedServer:
    """A context manager; `base` is its address."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        """`host` is any of 127.0.0.0/8: politeness goes by host."""
        self._pages: dict[str, tuple[int, bytes, str]] = {}
        self._headers: dict[str, Mapping[str, str]] = {}
        self._scripts: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self._ended = threading.Event()
        self._counts: Counter[str] = Counter()
        self._asked: dict[str, float] = {}
        self._served: Counter[int] = Counter()
        feeds = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                feeds._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base(self) -> str:
        """The address, without a slash at its end."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> "FeedServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, path: str, body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Serve this body there from now on, with these headers beside our own (an ETag of "" is none)."""
        raw = body.encode() if isinstance(body, str) else body
        self._headers[path] = headers or {}
        self._scripts.pop(path, None)
        self._pages[path] = (status, raw, f'"{hashlib.sha256(raw).hexdigest()[:16]}"')

    def retag(self, path: str) -> None:
        """Give the same body another ETag."""
        status, raw, tag = self._pages[path]
        self._pages[path] = (status, raw, tag[:-1] + 'x"')

    def script(self, path: str, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        """Answer there by this function from now on."""
        self._scripts[path] = answer

    def drip(self, path: str) -> None:
        """Answer there with a body that comes byte by byte and never ends."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/plain")
            handler.send_header("Connection", "close")
            handler.end_headers()
            with contextlib.suppress(OSError):
                while not self._ended.wait(0.05):
                    handler.wfile.write(b"#")
            handler.close_connection = True

        self.script(path, answer)

    def count(self, path: str) -> int:
        """Return how often it was asked for."""
        return self._counts[path]

    def asked(self, path: str) -> float:
        """Return when it was last asked for, in seconds since 1970."""
        return self._asked[path]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.split("?")[0]
        self._counts[path] += 1
        self._asked[path] = time.time()
        if path in self._scripts:
            self._scripts[path](handler)
            return
        headers = self._headers.get(path, {})
        status, raw, tag = self._pages.get(path, (404, b"not here", '"none"'))
        if status == 200 and handler.headers.get("If-None-Match") == headers.get("ETag", tag):
            status, raw = 304, b""
        handler.send_response(status)
        for name, value in ({"ETag": tag, "Content-Type": "text/plain"} | dict(headers)).items():
            if value:
                handler.send_header(name, value)
        if status != 304:
            handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        with contextlib.suppress(OSError):  # who was killed takes no more
            handler.wfile.write(raw)
