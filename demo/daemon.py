"""Start, ask and stop the real daemon, as an operator would: by its commands."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import trio

from demo.pager import PATH, SECRET
from tipd.cli.client import CONTROL_NAME, Client, Place, Refused
from tipd.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

STOP_SECONDS = 15


def free_port(wished: int = 0) -> int:
    """Return the wished loopback port where nobody listens on it, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wished))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, port: int, base: str, *, net: str = "", more: str = "") -> Path:
    """Write the configuration of the demo's daemon and return its path; the pager listens at `base`.

    `net`: more keys of `[net]`; `more`: more sections.
    """
    path, secret = folder / "tipd.toml", folder / "pager.secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    path.write_text(
        f"""state_dir = "{folder / "state"}"
[api]
listen = "127.0.0.1:{port}"
[net]
allow_networks = ["127.0.0.0/8"]
{net}[modules.blacklist]
every = "5s"
sources_dirs = ["{folder / "sources.d"}"]
catalogue = false
{more}[[watch]]
name = "ours"
networks = ["192.0.2.64/27"]
domains = ["example.org"]
[[sink]]
name = "pager"
watch = ["ours"]
url = "{base}{PATH}"
group = "1s"
secret_file = "{secret}"
allow_networks = ["127.0.0.0/8"]
"""
    )
    return path


def start(config: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start `tipd run` in a session of its own, so that Ctrl-C reaches only us."""
    with log.open("wb") as out:
        return subprocess.Popen(_tipd(config, "run"), stdout=out, stderr=out, start_new_session=True)


def _tipd(config: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "tipd", "--config", str(config), *words]


async def ready(process: subprocess.Popen[bytes], config: Path) -> bool:
    """Wait until this daemon, not another on its port, says it is ready; False when it ended or a minute is over."""
    with trio.move_on_after(60):
        while process.poll() is None:
            try:
                await ask(config, "/readyz")
            except (Refused, Unavailable):
                await trio.sleep(0.2)
            else:
                return True
    return False


async def ask(config: Path, path: str, *, method: str = "GET") -> dict[str, Any]:
    """Return what the API answers over the daemon's control socket. Raises Refused, Unavailable."""
    client = Client(Place(socket_path=config.parent / "state" / CONTROL_NAME))
    try:
        answer = await trio.to_thread.run_sync(client.get if method == "GET" else client.post, path)
    finally:
        client.close()
    return dict(answer)


async def token(config: Path, mark: str) -> str:
    """Make a token by the command line, for one who may see what is marked so, and return it."""
    words = ("--json", "token", "create", "--scope", "read", "--scope", "stream", "--max-tlp", mark)
    return str(json.loads(await command(config, *words))["token"])


async def command(config: Path, *words: str, given: bytes = b"") -> bytes:
    """Run a command of `tipd` and return what it printed; raises subprocess.CalledProcessError."""
    done = await trio.run_process(_tipd(config, *words), stdin=given, capture_stdout=True)
    return bytes(done.stdout)


async def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the daemon to stop, wait for it, kill it when it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    with trio.move_on_after(STOP_SECONDS):
        while process.poll() is None:
            await trio.sleep(0.05)
        return
    process.kill()
    process.wait()


async def console_link(config: Path, base: str) -> str:
    """Return a way into the web console, good once: asked over the control socket, as only this user may."""
    link = await ask(config, "/api/v1/console-links", method="POST")
    return f"{base}{link['path']}"
