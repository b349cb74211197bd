"""Agent to daemon over TLS on loopback: the agent's own listener, one process, and the daemon's own client, another.

Large: one version of random bytes (no compression helps anybody), through the client that resumes, hashes and writes
to a file, against the same bytes through two bare `ssl` sockets in blocking processes, hashed as they come, nothing
written. Small: versions of one record each, pulled whole: listed, fetched, verified (hash, chain, signature) and put
down durably as proofs; the database is left out. The two large ways take turns, three times; medians.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio
from _figure import figure, machine, say, scaled
from _processes import cpu_seconds
from support import pulling, sealed

from tipd.agent.chain import Chain
from tipd.agent.protocol import read
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.net.kept import Endpoint, Kept

LARGE = scaled(512 * 2**20, 2**20)
SMALL = scaled(1000, 20)
ROUNDS = scaled(3)
PIECE = 2**20
BARE = """
import hashlib, socket, ssl, sys
certificate, key, path = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
while True:
    raw, _ = listening.accept()
    with context.wrap_socket(raw, server_side=True) as one, open(path, "rb") as file:
        while piece := file.read(1 << 20):
            one.sendall(piece)
"""


class Serving:
    """The agent's listener on a chain."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, str(Path(__file__).with_name("_agent_server.py")), str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        told = json.loads(self.process.stdout.readline())
        self.url = f"https://127.0.0.1:{told['port']}"
        self.token = folder / "token"
        self.token.write_text(told["token"])
        self.token.chmod(0o600)

    def origin(self, ground: object) -> HttpsOrigin:
        return HttpsOrigin(
            Kept(ground.tools, Endpoint(url=self.url, token_file=self.token, ca_file=self.folder / "tls.pem"))
        )

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def large_chain(folder: Path) -> Chain:
    """Return a chain of one version of random bytes."""
    folder.mkdir()
    chain = Chain(folder / "chain")
    lines = os.urandom(LARGE)
    body = folder / "lines"
    body.write_bytes(lines)
    chain.append(sealed.manifest(1, None, lines), 1, body)
    return chain


def small_chain(folder: Path) -> None:
    """Make a chain of many versions of one record each."""
    folder.mkdir()
    chain = Chain(folder / "chain")
    for number in range(SMALL):
        sealed.grow(chain, folder, pulling.mail(number))


async def large(serving: Serving, chain: Chain, folder: Path) -> tuple[float, float]:
    """Fetch the one version; return seconds, and those of processor time on our side."""
    ground = pulling.ground(folder, pulling.FakeStore())
    origin = serving.origin(ground)
    manifest = read(chain.manifest(1), sealed.KEY)
    into = folder / "fetched"
    into.unlink(missing_ok=True)
    await origin.listing(0)  # the connection is there
    began, cpu = time.perf_counter(), time.process_time()
    assert await origin.lines(manifest, into) is not None
    took = time.perf_counter() - began, time.process_time() - cpu
    await origin.aclose()
    assert into.stat().st_size == manifest.bytes
    return took


def bare(port: int, certificate: Path, size: int) -> float:
    """Take the same bytes from a bare socket; return seconds."""
    context = ssl.create_default_context(cafile=str(certificate))
    digest, got = hashlib.sha256(), 0
    raw = socket.create_connection(("127.0.0.1", port))
    with raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as one:
        began = time.perf_counter()
        while piece := one.recv(PIECE):
            digest.update(piece)
            got += len(piece)
        took = time.perf_counter() - began
    assert got == size
    return took


async def small(serving: Serving, folder: Path, versions: int) -> float:
    """Pull all versions; return seconds."""
    ground = pulling.ground(folder, pulling.FakeStore())
    origin = serving.origin(ground)
    pull = Pull(ground, pulling.source(url=serving.url), origin, pulling.no_marks)
    began = time.perf_counter()
    await pull.all()
    took = time.perf_counter() - began
    await origin.aclose()
    assert pull.progress.versions == versions, pull.progress
    return took


def measure_large(folder: Path) -> None:
    chain = large_chain(folder / "large")
    serving = Serving(folder / "large")
    certificate, key = serving.folder / "tls.pem", serving.folder / "tls.key"
    words = [sys.executable, "-c", BARE, str(certificate), str(key), str(chain.body(1))]
    other = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        port = int(other.stdout.readline())
        ours, theirs, used, served = [], [], [], []
        for number in range(ROUNDS):
            say(f"large, round {number + 1}")
            before = cpu_seconds(serving.process.pid)
            took, cpu = trio.run(large, serving, chain, folder)
            ours.append(took)
            used.append(cpu)
            served.append(cpu_seconds(serving.process.pid) - before)
            theirs.append(bare(port, certificate, LARGE))
    finally:
        serving.end()
        other.kill()
        other.communicate()
    rate, against = (LARGE / 1e6 / statistics.median(each) for each in (ours, theirs))
    what = f"two bare ssl sockets ({against:.0f} MB/s)"
    figure("agent", "version bytes over TLS", rate, "MB/s", what, rate / against)
    figure("agent", "processor time, agent", statistics.median(served) / (LARGE / 1e9), "s/GB")
    figure("agent", "processor time, daemon", statistics.median(used) / (LARGE / 1e9), "s/GB")


def measure_small(folder: Path) -> None:
    small_chain(folder / "small")
    serving = Serving(folder / "small")
    try:
        took = []
        for number in range(ROUNDS):
            say(f"small, round {number + 1}")
            place = folder / f"pull{number}"
            place.mkdir()
            took.append(trio.run(small, serving, place, SMALL))
    finally:
        serving.end()
    figure("agent", f"{SMALL} small versions", statistics.median(took), "s")


def main() -> None:
    say(machine())
    with tempfile.TemporaryDirectory() as folder:
        measure_large(Path(folder))
        measure_small(Path(folder))


if __name__ == "__main__":
    main()
