"""Bulk look-ups over HTTP: 1,000,000 indicators known, 10,000 values a request, one server process.

The index is filled in memory (its own `Contents.load` over arrays), not from PostgreSQL: a look-up never asks the
database. The server is the real one (accept loop, hypercorn, quart, token, body reading, JSON both ways); the store
behind it is a stand-in that is not asked. The client is another process with two kept-alive connections, so that the
server need not wait while an answer is read. Half of the values are known; of ten five are addresses, one a
network, two domains, two URLs. Compared with the same requests to the same server over an index that returns the ready
answer (what HTTP and JSON reading cost), and with the index asked in its process (what HTTP adds).
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from _figure import figure, machine, say, scaled
from _indicators import asked
from _processes import cpu_seconds

ROWS = scaled(1_000_000)
VALUES = 10_000
REQUESTS = scaled(40, 4)  # a turn
ROUNDS = scaled(5)
CONNECTIONS = 2
TOKEN = "tip_read"


class Server:
    """The process with the index."""

    def __init__(self) -> None:
        """Start it and wait until it serves."""
        command = [sys.executable, str(Path(__file__).with_name("_lookup_server.py")), str(ROWS), str(VALUES)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.real, self.bare = map(int, self._line().split())
        self.about = json.loads(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the server ended")
        return line

    def alone(self) -> float:
        """Return values a second of the index itself, asked in its process."""
        assert self.process.stdin is not None
        self.process.stdin.write("alone\n")
        self.process.stdin.flush()
        return VALUES / float(self._line())

    def end(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def _client(port: int, body: bytes, requests: int, wrong: list[str]) -> None:
    try:
        _ask(port, body, requests, wrong)
    except (OSError, http.client.HTTPException) as error:
        wrong.append(repr(error))


def _ask(port: int, body: bytes, requests: int, wrong: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    for _ in range(requests):
        connection.request("POST", "/api/v1/lookup", body, headers)
        answer = connection.getresponse()
        got = answer.read()
        if answer.status != 200 or not got.endswith(b"]}"):
            wrong.append(f"{answer.status} {got[:200]!r}")
    connection.close()


def turn(port: int, body: bytes) -> float:
    """Return values a second over all connections."""
    wrong: list[str] = []
    share = REQUESTS // CONNECTIONS
    threads = [threading.Thread(target=_client, args=(port, body, share, wrong)) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    if wrong:
        raise AssertionError(wrong[0])
    return share * CONNECTIONS * VALUES / took


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    body = json.dumps({"values": [asked(number, ROWS) for number in range(VALUES)]}).encode()
    server = Server()
    try:
        about = server.about
        say(
            f"{about['entries']:,} known, {about['listed']:.0%} of what is asked listed, {about['answer']:,} bytes back"
        )
        turn(server.real, body)
        rates: dict[str, list[float]] = {"real": [], "bare": [], "alone": [], "cpu": []}
        for _ in range(ROUNDS):
            before = cpu_seconds(server.process.pid)
            rates["real"].append(turn(server.real, body))
            rates["cpu"].append(REQUESTS * VALUES / (cpu_seconds(server.process.pid) - before))
            rates["bare"].append(turn(server.bare, body))
            rates["alone"].append(statistics.median(server.alone() for _ in range(5)))
            say(", ".join(f"{name} {values[-1]:,.0f}/s" for name, values in rates.items()))
    finally:
        server.end()
    rate = statistics.median(rates["real"])
    figure("lookup", "values over HTTP", rate, "1/s", "the 300,000 wanted", rate / 300_000)
    for name, shown in (("bare", "the same request, a ready answer"), ("alone", "the index without HTTP")):
        ratios = [real / other for real, other in zip(rates["real"], rates[name], strict=True)]
        figure("lookup", "values over HTTP", rate, "1/s", shown, statistics.median(ratios))
    figure(
        "lookup",
        "values a CPU second of the server",
        statistics.median(rates["cpu"]),
        "1/s",
        "the 300,000 wanted",
        statistics.median(rates["cpu"]) / 300_000,
    )
    figure("lookup", "look-up index", about["bytes"] / about["entries"], "bytes an indicator")


if __name__ == "__main__":
    main()
