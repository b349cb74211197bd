"""A partner's MISP: the first time all its attributes in pages, then, again and again, one day's changes.

The real daemon with its own PostgreSQL asks `restSearch` of a server on loopback whose pages were made beforehand. Time
goes from the server's first request of a run to the settled source (fetch, look, read, guards, rows, findings, cursor);
CPU is that of the daemon, its workers and its PostgreSQL. A day's changes are one attribute in a hundred: six in ten
are new, three were edited, one was deleted.
"""

from __future__ import annotations

import json
import signal
import statistics
import tempfile
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from _figure import figure, machine, say, scaled
from _lists import line
from _processes import family_cpu
from support.daemon import Daemon
from support.misp import Misp

ATTRIBUTES = scaled(500_000, 500)
PAGE = scaled(10_000, 50)
DAYS = scaled(3)
PAUSE = 0.2  # seconds between two looks at the state
BEGAN = 1_790_000_000
SOURCE = """
url = "{base}/attributes/restSearch"
parser = "misp"
absence = "nothing"
every = "12h"
min_interval = "1s"

[request]
method = "POST"
body = '{{"timestamp":"{{since}}","page":{{page}},"limit":{size},"deleted":[0,1]}}'

[request.pages]
by = "page"
size = {size}
rows = "response.Attribute"

[request.since]
path = "response.Attribute.*.timestamp"
format = "epoch"
first = "0"
"""


class Prepared:
    """A server of pages that lie on the disk, by what is asked."""

    def __init__(self, folder: Path) -> None:
        """`put` says what is served."""
        self.folder = folder
        self.days: dict[str, int] = {}  # timestamp asked for → pages
        self.first_at = 0.0
        prepared = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                raw = prepared.answer(asked["timestamp"], asked["page"])
                self.send_response(200)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def put(self, since: int, attributes: list[dict[str, Any]]) -> None:
        """Serve these to who asks for what has changed since then."""
        pages = [attributes[start : start + PAGE] for start in range(0, len(attributes), PAGE)]
        for number, page in enumerate(pages, 1):
            answer = json.dumps({"response": {"Attribute": page}}).encode()
            (self.folder / f"{since}-{number}").write_bytes(answer)
        self.days[str(since)] = len(pages)

    def answer(self, since: str, page: int) -> bytes:
        """Return a page; past the last one, an empty one."""
        if page == 1:
            self.first_at = time.time()
        if page > self.days.get(since, 0):
            return b'{"response": {"Attribute": []}}'
        return (self.folder / f"{since}-{page}").read_bytes()


def attribute(number: int, timestamp: int, **more: Any) -> dict[str, Any]:
    """Return an attribute as restSearch gives it."""
    value = line(number)
    kind = "domain" if value[0] == "h" else "ip-dst"
    event = {"id": str(number // 50), "info": f"event {number // 50}", "uuid": Misp.event_uuid(number // 50)}
    return {
        "id": str(number),
        "event_id": str(number // 50),
        "category": "Network activity",
        "type": kind,
        "value": value,
        "to_ids": True,
        "uuid": f"{number:08x}-0000-4000-8000-000000000000",
        "timestamp": str(timestamp),
        "distribution": "5",
        "comment": f"seen by sensor {number % 17}",
        "deleted": False,
        "Event": event,
    } | more


def changes(day: int, timestamp: int) -> list[dict[str, Any]]:
    """Return one attribute in a hundred: new, edited, deleted."""
    count = max(10, ATTRIBUTES // 100)
    new, edited = count * 6 // 10, count * 3 // 10
    rows = [attribute(ATTRIBUTES + day * count + place, timestamp) for place in range(new)]
    rows += [attribute(day * count + place, timestamp, comment="edited") for place in range(edited)]
    rows += [attribute(day * count + edited + place, timestamp, deleted=True) for place in range(count - new - edited)]
    return rows


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    with tempfile.TemporaryDirectory(prefix="tipd-bench-") as name:
        folder = Path(name)
        (folder / "pages").mkdir()
        server = Prepared(folder / "pages")
        server.put(0, [attribute(number, BEGAN) for number in range(ATTRIBUTES)])
        (folder / "daemon").mkdir(mode=0o755)
        daemon = Daemon(folder / "daemon")
        daemon.start()
        try:
            _measure(daemon, server)
        finally:
            daemon.stop()


def _measure(daemon: Daemon, server: Prepared) -> None:
    assert daemon.process is not None
    daemon.declare("partner", SOURCE.format(base=server.base, size=PAGE))
    time.sleep(2)  # what the start leaves to do
    first = _run(daemon, server, None)
    say(f"first time, {ATTRIBUTES:,} attributes in pages of {PAGE:,}: {first[0]:.2f} s, CPU {first[1]:.2f} s")
    days = []
    for day in range(DAYS):
        since = BEGAN + day * 86400
        server.put(since, changes(day, since + 86400))
        attempt = daemon.source("partner")["last_attempt"]
        time.sleep(1.1)  # the source's min_interval
        days.append(_run(daemon, server, attempt))
    say(f"one day's changes: {[(round(took, 3), round(cpu, 2)) for took, cpu in days]} s, CPU s")
    took, cpu = (statistics.median(column) for column in zip(*days, strict=True))
    figure("misp", f"{ATTRIBUTES:,} attributes in pages", first[0], "s")
    figure("misp", "one day's changes, one in a hundred", took, "s", "the first time", took / first[0])
    figure("misp", "the same: CPU", cpu, "s", "the first time", cpu / (first[1] or 1.0))


def _run(daemon: Daemon, server: Prepared, attempt: str | None) -> tuple[float, float]:
    """Let the source be asked once; return seconds and CPU seconds, our asking for the state included."""
    assert daemon.process is not None
    pid = daemon.process.pid
    before = family_cpu(pid)
    if attempt:
        daemon.request("POST", "/api/v1/sources/partner/run", {})
    else:
        daemon.process.send_signal(signal.SIGHUP)  # its declaration is new
    row: dict[str, Any] = {}

    def settled() -> bool:
        time.sleep(PAUSE)
        found = [each for each in daemon.get("/api/v1/sources")["sources"] if each["name"] == "partner"]
        row.update(*found)
        return bool(row) and row["last_success"] is not None and row["last_attempt"] != attempt

    daemon.wait_for(settled, 600, "the source to be settled")
    ended = datetime.fromisoformat(row["last_attempt"]).timestamp()
    assert row["state"] in {"ok", "unchanged"}, row
    return ended - server.first_at, family_cpu(pid) - before


if __name__ == "__main__":
    main()
