"""A mail host as a process, for end-to-end tests: a maildir, the real agent on it, peers, plain requests."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from support.daemon import free_port, wait_a_moment
from tipd.agent.certificate import self_signed
from tipd.clock import SystemClock


class Peer(NamedTuple):
    """What `enroll` handed out."""

    name: str
    token: str
    token_file: Path
    public_key: str


class MailHost:
    """`tipd agent run` with its own state folder and one maildir; `keys`: more of `[agent]`; `views`: more sections."""

    def __init__(self, folder: Path, *, tls: bool = False, maildir: str = "", views: str = "", **keys: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.maildir = folder / "Maildir"
        for name in ("tmp", "new", "cur"):
            (self.maildir / name).mkdir(parents=True)
        self.config = folder / "agent.toml"
        self.log = folder / "agent.log"
        self.state = folder / "state"
        self.certificate = folder / "tls.pem" if tls else None
        self.process: subprocess.Popen[bytes] | None = None
        chosen = {
            "name": '"mx1"',
            "listen": f'"127.0.0.1:{self.port}"',
            "trap_domains": '["trap.example.org"]',
            "seal_after": '"500ms"',
            "look_every": '"500ms"',
            "max_load": "1000.0",
            "cpu": "8.0",
        }
        if tls:
            made = self_signed(["127.0.0.1"], SystemClock().now())
            (folder / "tls.pem").write_bytes(made.certificate)
            (folder / "tls.key").write_bytes(made.key)
            chosen |= {"tls_cert_file": f'"{folder / "tls.pem"}"', "tls_key_file": f'"{folder / "tls.key"}"'}
        written = "".join(f"{key} = {value}\n" for key, value in (chosen | keys).items())
        self.config.write_text(
            f'state_dir = "{self.state}"\n[agent]\n{written}'
            f'[[agent.maildirs]]\npath = "{self.maildir}"\n{maildir}{views}'
        )
        self._delivered = 0

    @property
    def base(self) -> str:
        """Where it serves."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def deliver(self, *mails: bytes, folder: str = "new") -> list[Path]:
        """Deliver mails as a delivery program does; return their files."""
        made = []
        for mail in mails:
            self._delivered += 1
            name = f"{SystemClock().now().timestamp():.0f}.M{self._delivered:08}P1.mx1"
            waiting, there = self.maildir / "tmp" / name, self.maildir / folder / name
            waiting.write_bytes(mail)
            waiting.rename(there)
            made.append(there)
        return made

    def command(self, *words: str) -> list[str]:
        """Return a command line of the agent with this configuration."""
        return [sys.executable, "-m", "tipd", "agent", "--config", str(self.config), *words]

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a verb of the agent to its end."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"agent {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def enroll(self, name: str, view: str = "redacted") -> Peer:
        """Give a peer a view."""
        told = json.loads(self.run("enroll", "--peer", name, "--view", view, "--json").stdout)
        path = self.folder / f"{name}.token"
        path.write_text(told["token"])
        path.chmod(0o600)
        return Peer(name, told["token"], path, told["public_key"])

    def start(self) -> "MailHost":
        """Start the agent, wait until it answers."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.command("run"), stdout=out, stderr=out, start_new_session=True)
        self.wait_for(lambda: self.status("/v1/versions") == 401, 30, "the agent to answer")
        return self

    def stop(self) -> int:
        """Stop the agent as systemd does; return how it ended."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill -9 the agent and what it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def wait_for(self, condition, seconds: float = 30, what: str = "it"):
        """Poll until the condition is true and return what it gave; fail with the log's end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the agent ended with {self.process.returncode}\n{self.tail()}")
            if value := condition():
                return value
            wait_a_moment()
        raise AssertionError(f"waited {seconds} s for {what}\n{self.tail()}")

    def tail(self) -> str:
        """Return the end of the agent's log."""
        return self.log.read_text()[-6000:] if self.log.exists() else ""

    def status(self, path: str, token: str = "") -> int:
        """Return the HTTP status of a path, 0 where nobody answers."""
        try:
            return self.get(path, token)[0]
        except OSError:
            return 0

    def get(self, path: str, token: str, **headers: str) -> tuple[int, bytes]:
        """Return status and body."""
        request = urllib.request.Request(self.base + path, headers=headers)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        context = ssl.create_default_context(cafile=str(self.certificate)) if self.certificate else None
        try:
            with urllib.request.urlopen(request, timeout=20, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def versions(self, token: str) -> dict[str, Any]:
        """Return what `/v1/versions` tells."""
        status, body = self.get("/v1/versions?since=0", token)
        assert status == 200, body
        return json.loads(body)

    def lines(self, token: str) -> list[dict[str, Any]]:
        """Return every record that a peer can take, decompressed."""
        return [json.loads(line) for line in self.raw(token).splitlines()]

    def raw(self, token: str) -> bytes:
        """Return all lines that a peer can take, decompressed."""
        found = b""
        for manifest in self.versions(token)["versions"]:
            status, body = self.get(f"/v1/versions/{manifest['n']}", token)
            assert status == 200, body
            found += zstandard.ZstdDecompressor().decompressobj().decompress(body)
        return found

    def wait_for_records(self, token: str, count: int, seconds: float = 60) -> None:
        """Wait until so many records can be taken."""

        def there() -> bool:
            return sum(manifest["records"] for manifest in self.versions(token)["versions"]) >= count

        self.wait_for(there, seconds, f"{count} records")
