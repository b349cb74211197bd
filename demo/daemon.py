"""Start, ask and stop the real daemon, as an operator would: by its commands."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpcore
import trio

if TYPE_CHECKING:
    from pathlib import Path

STOP_SECONDS = 15


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, port: int) -> Path:
    """Write the configuration of the demo's daemon and return its path."""
    path = folder / "tipd.toml"
    path.write_text(
        f"""state_dir = "{folder / "state"}"
[api]
listen = "127.0.0.1:{port}"
[net]
allow_networks = ["127.0.0.0/8"]
[modules.blacklist]
every = "5s"
sources_dirs = ["{folder / "sources.d"}"]
catalogue = false
"""
    )
    return path


def start(config: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start `tipd run` in a session of its own, so that Ctrl-C reaches only us."""
    with log.open("wb") as out:
        return subprocess.Popen(_tipd(config, "run"), stdout=out, stderr=out, start_new_session=True)


def _tipd(config: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "tipd", "--config", str(config), *words]


async def ready(process: subprocess.Popen[bytes], base: str) -> bool:
    """Wait until `/readyz` says so; False when the daemon ended or a minute is over."""
    with trio.move_on_after(60):
        while process.poll() is None:
            if await status(base + "/readyz") == 200:
                return True
            await trio.sleep(0.2)
    return False


async def status(url: str) -> int:
    """Return the HTTP status of a URL, 0 where nobody answers."""
    try:
        async with httpcore.AsyncConnectionPool() as pool:
            return (await pool.request("GET", url)).status
    except (httpcore.NetworkError, httpcore.ProtocolError):
        return 0


async def get_json(url: str, token: str) -> dict[str, object]:
    """Return what the API answers."""
    async with httpcore.AsyncConnectionPool() as pool:
        answer = await pool.request("GET", url, headers={"Authorization": f"Bearer {token}"})
        return json.loads(answer.content)  # type: ignore[no-any-return]


async def token(config: Path) -> str:
    """Make a token by the command line and return it."""
    words = ("--json", "token", "create", "--scope", "read", "--scope", "stream")
    done = await trio.run_process(_tipd(config, *words), capture_stdout=True)
    return str(json.loads(done.stdout)["token"])


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
    control = config.parent / "state" / "tipd.sock"
    async with httpcore.AsyncConnectionPool(uds=str(control)) as pool:
        answer = await pool.request("POST", "http://tipd/api/v1/console-links")
    return f"{base}{json.loads(answer.content)['path']}"
