"""`make demo`: start the miniature Internet and the real daemon against it, follow its stream, say what was found."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import trio

from demo import daemon, sources, watcher
from demo.report import print_report
from demo.server import Server


def main() -> int:
    """Run the demo; 0 when the daemon lived and told us something."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--seconds", type=float, default=None, help="end by itself after this long")
    parser.add_argument("--port", type=int, default=8470, help="where the API listens; a free one where it is taken")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tipd-demo-") as folder:
        Path(folder).chmod(0o755)  # the database's own user has to get in where we are root
        return trio.run(_demo, Path(folder), chosen.seconds, daemon.free_port(chosen.port))


async def _demo(folder: Path, seconds: float | None, port: int) -> int:
    # The slow one has a host of its own: tipd asks a host for one thing at a time, and the others shall not wait.
    server, slow = Server(), Server()
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        await nursery.start(slow.run)
        sources.write(folder / "sources.d", f"http://127.0.0.1:{server.port}", f"http://127.0.0.1:{slow.port}")
        config = daemon.write_config(folder, port)
        process = daemon.start(config, folder / "daemon.log")
        try:
            return await _watch(process, config, folder, seconds, port)
        finally:
            with trio.CancelScope(shield=True):
                await daemon.stop(process)
            nursery.cancel_scope.cancel()


async def _watch(
    process: subprocess.Popen[bytes],
    config: Path,
    folder: Path,
    seconds: float | None,
    port: int,
) -> int:
    base = f"http://127.0.0.1:{port}"
    if not await daemon.ready(process, config):
        sys.stderr.write((folder / "daemon.log").read_text())
        return 1
    token = await daemon.token(config)
    print(f"console   {await daemon.console_link(config, base)}")
    print(f"findings  curl -H 'Authorization: Bearer {token}' '{base}/api/v1/findings?limit=5'")
    print(f"log       {folder / 'daemon.log'}  (until the demo ends)", flush=True)
    tally = watcher.Tally(brief=seconds is not None)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher.follow, port, token, tally)
            with trio.move_on_after(seconds if seconds is not None else float("inf")):
                await anext(signals)
            nursery.cancel_scope.cancel()
    return await print_report(config, tally, alive=process.poll() is None)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
