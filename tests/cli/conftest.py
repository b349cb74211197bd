"""A fake daemon on a unix socket, and the command line run inside this process."""

import json
import os
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tipd.cli.main import main

type Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@dataclass
class Fake:
    """Answers by (method, path without query); `asked` is every request: (method, target, headers, body)."""

    state_dir: Path
    answers: dict[tuple[str, str], Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.state_dir / "tipd.sock"


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _replies(fake: Fake) -> type[BaseHTTPRequestHandler]:
    class Replies(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return "unix"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = _read(self.rfile.read(size)) if size else None
            fake.asked.append((self.command, self.path, dict(self.headers), body))
            found = fake.answers.get((self.command, self.path.partition("?")[0]), (404, {"detail": "no such page"}))
            status, value, *more = found(body) if callable(found) else found
            text = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            for name, header in (more[0] if more else {}).items():
                self.send_header(name, header)
            self.send_header("Content-Length", (more[0] if more else {}).get("X-Length") or str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            if more and "X-Length" in more[0]:
                self.close_connection = True

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - as http.server wants them

    return Replies


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is what some tests are about."""


@pytest.fixture
def state_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tipd-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fake(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """Give a daemon whose answers the test writes; the command line finds it through the environment."""
    fake = Fake(state_dir)
    server = _Server(str(fake.socket), _replies(fake))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def tipd(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Ran]:
    """Give a function that runs a command as the program does."""
    for name in [name for name in os.environ if name.startswith("TIPD_") and name != "TIPD_STATE_DIR"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))

    def run(*words: str) -> Ran:
        from tipd.cli import client

        opened = []
        keep = client.Client.of
        monkeypatch.setattr(client.Client, "of", lambda args: opened.append(keep(args)) or opened[-1])
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            monkeypatch.setattr(client.Client, "of", keep)
            for one in opened:
                one.close()
        seen = capfd.readouterr()
        return Ran(code, seen.out, seen.err)

    return run


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Take back what a command set up: its log would go to a captured stream that is closed by then."""
    import structlog

    before = structlog.get_config()
    yield
    structlog.configure(**before)
