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

from demo import daemon, operator, pager, partner, signed, sources, tracking, watcher
from demo.pager import Pager
from demo.post import archive, readers
from demo.post.host import OTHER_VIEW, OWN_VIEW, MailHost
from demo.post.post_report import print_post
from demo.report import print_report
from demo.server import Server
from demo.signed import Provider
from demo.worlds.server import Worlds


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
    world = World(folder)
    async with trio.open_nursery() as nursery:
        await nursery.start(world.server.run)
        await nursery.start(world.slow.run)
        await nursery.start(world.names.run)
        config, other = await world.declare(folder, port)
        world.host.start()
        nursery.start_soon(world.host.fill)
        await world.host.sealed()
        process = daemon.start(config, folder / "daemon.log")
        colleague = daemon.start(other, folder / "colleague.log")
        try:
            return await _watch(process, config, other, world, seconds, port)
        finally:
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as stopping:
                    for one in (process, colleague, world.host.process):
                        if one is not None:
                            stopping.start_soon(daemon.stop, one)
            nursery.cancel_scope.cancel()


class World:
    """The servers of the miniature Internet, and who stands behind them."""

    def __init__(self, folder: Path) -> None:
        """Nothing listens yet."""
        self.host = MailHost(folder / "mx1")
        self.server, self.slow = Server(), Server()
        self.provider, self.pager = Provider(), Pager()
        self.names = Worlds()
        self.server.answers |= {
            partner.PATH: lambda number, headers, body: partner.answer(
                number, headers.get(b"authorization", b"").decode(), body
            ),
            signed.PATH: lambda number, _headers, _body: self.provider.page(number),
            pager.PATH: self.pager.answer,
            **archive.answers(),
        }

    async def declare(self, folder: Path, port: int) -> tuple[Path, Path]:
        """Write what operators would: declarations, a certificate, what the mail host gives to whom.

        Return the paths of our configuration and of the colleague's.
        """
        base = f"http://127.0.0.1:{self.server.port}"
        certificate = folder / "provider.asc"
        fingerprint = self.provider.write_certificate(certificate)
        sources.write(folder / "sources.d", base, f"http://127.0.0.1:{self.slow.port}", certificate, fingerprint)
        self.host.prepare()
        ours, theirs = await self.host.enroll("us", OWN_VIEW), await self.host.enroll("colleague", OTHER_VIEW)
        net, more = tracking.net(folder, self.names), tracking.section(folder)
        more += readers.section(base, self.host.url, ours)
        config = daemon.write_config(folder, port, base, net=net, more=more)
        return config, readers.write_colleague(folder / "colleague", self.host.url, theirs)


async def _watch(
    process: subprocess.Popen[bytes], config: Path, other: Path, world: World, seconds: float | None, port: int
) -> int:
    base, folder = f"http://127.0.0.1:{port}", config.parent
    if not await daemon.ready(process, config):
        sys.stderr.write((folder / "daemon.log").read_text())
        return 1
    token = await daemon.token(config, "amber")
    print(f"console   {await daemon.console_link(config, base)}")
    print(f"findings  curl -H 'Authorization: Bearer {token}' '{base}/api/v1/findings?limit=5'")
    print(f"log       {folder / 'daemon.log'}  (until the demo ends)")
    print(
        f"spamtraps an archive, {readers.ARCHIVE}, is read after the lists; {world.host.maildir} keeps filling, and an"
    )
    print(f"          agent there gives us its view {OWN_VIEW!r}, and a colleague's daemon its view {OTHER_VIEW!r}:")
    print(f"          .venv/bin/tipd --config {other} agents list", flush=True)
    tally = watcher.Tally(brief=seconds is not None)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher.follow, port, token, tally)
            nursery.start_soon(operator.work, config)
            with trio.move_on_after(seconds if seconds is not None else float("inf")):
                await anext(signals)
            nursery.cancel_scope.cancel()
    green = await daemon.token(config, "green")
    if process.poll() is None:
        await print_post(config, other)
    return await print_report(config, port, green, tally, world.pager, alive=process.poll() is None)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
