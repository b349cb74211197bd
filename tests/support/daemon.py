"""The real daemon as a process, for end-to-end tests: start it on a configuration, ask it, stop it, kill it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """`tipd run` with its own state folder; `settings`: TOML below what every test needs; `net`: keys of `[net]`."""

    def __init__(
        self,
        folder: Path,
        *,
        dsn: str | None = None,
        settings: str = "",
        sources: dict[str, str] | None = None,
        net: str = "",
    ):
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.state = folder / "state"
        self.log = folder / "daemon.log"
        self.config = folder / "tipd.toml"
        self.sources_dir = folder / "sources.d"
        self.sources_dir.mkdir(parents=True, exist_ok=True)
        for name, body in (sources or {}).items():
            self.declare(name, body)
        store = ""
        if dsn is not None:
            (folder / "dsn").write_text(dsn)
            (folder / "dsn").chmod(0o600)
            store = f'[store]\nurl_file = "{folder / "dsn"}"\n'
        self.config.write_text(
            f'state_dir = "{self.state}"\n{store}[api]\nlisten = "127.0.0.1:{self.port}"\n'
            f'[net]\nallow_networks = ["127.0.0.0/8"]\n{net}'
            f'[modules.blacklist]\nsources_dirs = ["{self.sources_dir}"]\ncatalogue = false\n{settings}'
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._token: str | None = None

    def declare(self, name: str, body: str) -> None:
        """Write a source's TOML file; its class is `other` where the body says none."""
        class_ = "" if "class = " in body else 'class = "other"\n'
        (self.sources_dir / f"{name}.toml").write_text(f'name = "{name}"\nlicence = "test"\n{class_}{body}')

    def start(
        self, *words: str, ready: bool = True, environment: dict[str, str] | None = None, **options: Any
    ) -> "Daemon":
        """Start the process (`options` are those of Popen); wait for `/readyz` unless told otherwise."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command("run", *words), stdout=out, stderr=out, env=os.environ | (environment or {}), **options
            )
        if ready:
            self.wait_ready()
        return self

    def command(self, *words: str) -> list[str]:
        """Return a command line of ours with this configuration."""
        return [sys.executable, "-m", "tipd", "--config", str(self.config), *words]

    def tipd(self, *words: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=120, input=stdin, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"tipd {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until `/readyz` answers 200."""
        self.wait_for(lambda: self.status("/readyz") == 200, seconds, "the daemon to be ready")

    def wait_for(self, condition, seconds: float = 30, what: str = "it"):
        """Poll until the condition is true and return what it gave; fail with the log's end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}\n{self.tail()}")
            if value := condition():
                return value
            wait_a_moment()
        raise AssertionError(f"waited {seconds} s for {what}\n{self.tail()}")

    def tail(self) -> str:
        """Return the end of the daemon's log."""
        return self.log.read_text()[-6000:] if self.log.exists() else ""

    def status(self, path: str, token: str | None = None) -> int:
        """Return the HTTP status of a path, 0 where nobody answers."""
        try:
            return self.request("GET", path, token=token or "")[0]
        except OSError:
            return 0

    def request(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, bytes]:
        """Return status and body; with the read token unless another (or "") is given."""
        token = self.token() if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        encoded = None
        if body is not None:
            encoded = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data=encoded, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def get(self, path: str):
        """Return the JSON of a path that must answer 200."""
        status, body = self.request("GET", path)
        assert status == 200, (status, body)
        return json.loads(body)

    def post(self, path: str, body: object):
        """Return the JSON of a POST that must answer 2xx."""
        status, answer = self.request("POST", path, body)
        assert 200 <= status < 300, (status, answer)
        return json.loads(answer) if answer else None

    def token(self) -> str:
        """Return a token for reading, streaming and writing, made once by the command line."""
        if self._token is None:
            words = ("--json", "token", "create", "--max-tlp", "red")
            words += ("--scope", "read", "--scope", "stream", "--scope", "write")
            self._token = json.loads(self.tipd(*words).stdout)["token"]
        return self._token

    def findings(self, since: int = 0) -> list[dict]:
        """Return every finding after `since`."""
        found: list[dict] = []
        while True:
            page = self.get(f"/api/v1/findings?since={since}&limit=10000")
            found += page["findings"]
            since = page["last"]
            if not page["more"]:
                return found

    def said(self, words: str) -> bool:
        """Say whether the log holds these words."""
        return self.log.exists() and words in self.log.read_text()

    def run_to_its_end(self, *words: str, seconds: float = 30) -> tuple[int, str]:
        """Start what is to end by itself; return its exit code and all it said."""
        done = subprocess.run(self.command("run", *words), capture_output=True, text=True, timeout=seconds, check=False)
        return done.returncode, done.stdout + done.stderr

    def last_seq(self) -> int:
        """Return the last position of the log."""
        return self.get("/api/v1/findings?kind=none.such")["last"]

    def source(self, name: str) -> dict:
        """Return one source's row."""
        return next(row for row in self.get("/api/v1/sources")["sources"] if row["name"] == name)

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM, wait, return the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the daemon did not stop within {seconds} s\n{self.tail()}") from None

    def kill(self) -> None:
        """SIGKILL and reap."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def wait_a_moment() -> None:
    """Give another process time: the only pause in the tests, and short."""
    time.sleep(0.05)
