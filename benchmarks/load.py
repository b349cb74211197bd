"""Loading lists: the first load against a bare COPY, without and with context; the next poll with 1 % changed;
unchanged polls.

The real daemon with its own PostgreSQL fetches from a server on loopback. Time is from when the server is asked for the
list to the end of the round in the database (fetch, read, guards, difference, rows and findings). The bare limit is the
same rows of `sighting` and `finding`, copied in binary form (client to server, one transaction a table) into tables
with the same columns and indexes in the same server, in the same run.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from _figure import figure, machine, say, scaled
from _lists import line, lines, with_context
from _processes import cpu_seconds, family_cpu
from support.daemon import Daemon
from support.feeds import FeedServer

ROWS = scaled(1_000_000, 2000)
SMALL = scaled(100_000, 1000)
POLLS = scaled(5)
SOURCE = 'url = "{url}"\nparser = "lines"\nkind = "auto"\nevery = "{every}"\nmin_interval = "1s"\ntlp = "clear"\n'

CONTEXT = (
    'url = "{url}"\nparser = "delimited"\nkind = "auto"\nevery = "12h"\nmin_interval = "1s"\ntlp = "clear"\n'
    "[fields]\nport = 1\nmalware = 2\nstatus = 3\nfirst_seen = 4\nlast_seen = 5\nreference = 6\n"
)


def psql(daemon: Daemon, sql: str) -> str:
    """Run SQL in the daemon's own server."""
    done = daemon.tipd("db", "shell", "--", "-XqAt", "-c", sql)
    return done.stdout.strip()


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    with tempfile.TemporaryDirectory(prefix="tipd-bench-") as name, FeedServer() as feeds:
        _plain(Path(name) / "plain", feeds)
        _with_context(Path(name) / "context", feeds)


def _plain(folder: Path, feeds: FeedServer) -> None:
    """Load lines that say nothing but the indicator, then what changed, then what did not."""
    body = list(lines(ROWS))
    feeds.put("/big.txt", "\n".join(body))
    feeds.put("/small.txt", "\n".join(body[:SMALL]))
    sources = {
        "big": SOURCE.format(url=feeds.base + "/big.txt", every="12h"),
        "small": SOURCE.format(url=feeds.base + "/small.txt", every="12h") + "enabled = false\n",
    }
    daemon = _started(folder, sources)
    try:
        first = _first_load(daemon, feeds, "/big.txt", f"first load of {ROWS:,} lines")
        _next_poll(daemon, feeds, body, first)
        _unchanged(daemon, feeds)
    finally:
        daemon.stop()


def _with_context(folder: Path, feeds: FeedServer) -> None:
    """Load as many rows, each with a port, a family, a status, two dates and a reference that are kept beside it."""
    feeds.put("/context.csv", "\n".join(with_context(lines(ROWS))))
    daemon = _started(folder, {"big": CONTEXT.format(url=feeds.base + "/context.csv")})
    try:
        _first_load(daemon, feeds, "/context.csv", f"first load of {ROWS:,} rows, context kept")
    finally:
        daemon.stop()


def _started(folder: Path, sources: dict[str, str]) -> Daemon:
    folder.mkdir(mode=0o755)
    daemon = Daemon(folder, sources=sources)
    daemon.start()
    return daemon


def _first_load(daemon: Daemon, feeds: FeedServer, path: str, what: str) -> float:
    first = _round_seconds(daemon, feeds, path, 1)
    say(f"{what}: {first:.2f} s")
    bare = _bare_copy(daemon, daemon.folder)
    figure("load", what, first, "s", "bare COPY of the same rows", first / bare)
    return first


def _round_seconds(daemon: Daemon, feeds: FeedServer, path: str, number: int) -> float:
    """Wait for the number-th round of the source `big` to end; return how long it took since the list was asked for."""
    # Asked over HTTP, once in a while: who measures shall not take the second core.
    daemon.wait_for(lambda: _settled(daemon, number), 900, f"round {number}")
    sql = (
        "SELECT extract(epoch FROM ended) FROM round JOIN source ON source.id = source_id "
        f"WHERE name = 'big' AND ended IS NOT NULL ORDER BY round.id OFFSET {number - 1} LIMIT 1"
    )
    return float(psql(daemon, sql)) - feeds.asked(path)


def _settled(daemon: Daemon, number: int, name: str = "big") -> bool:
    time.sleep(0.2)
    status, answer = daemon.request("GET", f"/api/v1/sources/{name}")
    if status != 200:
        return False
    rounds = json.loads(answer)["rounds"]
    return sum(row["ended"] is not None for row in rounds) >= number


def _bare_copy(daemon: Daemon, folder: Path) -> float:
    """Return the median seconds of copying the rows of both tables into twins of them."""
    out = folder / "rows"
    out.mkdir()
    out.chmod(0o777)
    script = folder / "copy.sql"
    export = "\n".join(
        f"\\copy (SELECT * FROM {table}) TO '{out}/{table}' WITH (FORMAT binary)" for table in ("sighting", "finding")
    )
    _run_script(daemon, script, export)
    times = []
    for _ in range(scaled(3)):
        _run_script(
            daemon,
            script,
            "DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare;\n"
            "CREATE TABLE bare.sighting (LIKE sighting INCLUDING ALL);\n"
            "CREATE TABLE bare.finding (LIKE finding INCLUDING ALL);",
        )
        copies = "\n".join(
            f"\\copy bare.{table} FROM '{out}/{table}' WITH (FORMAT binary)" for table in ("sighting", "finding")
        )
        begun = time.perf_counter()
        _run_script(daemon, script, copies)
        times.append(time.perf_counter() - begun)
    _run_script(daemon, script, "DROP SCHEMA bare CASCADE;")
    say(f"bare COPY: {[round(seconds, 2) for seconds in times]} s")
    return statistics.median(times)


def _run_script(daemon: Daemon, script: Path, text: str) -> None:
    script.write_text(text)
    daemon.tipd("db", "shell", "--", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(script))


def _next_poll(daemon: Daemon, feeds: FeedServer, body: list[str], first: float) -> None:
    """Change one line in a hundred, again and again."""
    times = []
    for turn in range(scaled(3)):
        fresh = lines(ROWS // 100, first=(turn + 2) * 2 * ROWS)
        for place in range(turn, ROWS, 100):
            body[place] = next(fresh, line(place))
        feeds.put("/big.txt", "\n".join(body))
        time.sleep(1.1)  # the source's min_interval
        daemon.tipd("sources", "run", "big")
        times.append(_round_seconds(daemon, feeds, "/big.txt", turn + 2))
    say(f"next polls: {[round(seconds, 2) for seconds in times]} s")
    took = statistics.median(times)
    figure("load", "next poll, 1 % changed", took, "s", "the first load", took / first)


def _unchanged(daemon: Daemon, feeds: FeedServer) -> None:
    """Poll 100,000 lines again: with the same validators, then with a changed ETag over the same body."""
    daemon.declare("small", SOURCE.format(url=feeds.base + "/small.txt", every="12h"))
    daemon.tipd("sources", "run", "small", check=False)
    daemon.process.send_signal(1)  # SIGHUP: the declaration is new
    daemon.wait_for(lambda: _settled(daemon, 1, "small"), 600, "the small list")
    assert daemon.process is not None
    for what, retag in (("same validators", False), ("changed ETag, same body", True)):
        before = psql(daemon, "SELECT count(*), max(opened_round) FROM sighting")
        spent = []
        for _ in range(POLLS):
            if retag:
                feeds.retag("/small.txt")
            time.sleep(1.1)
            spent.append(_cpu_of_a_poll(daemon, feeds))
        assert psql(daemon, "SELECT count(*), max(opened_round) FROM sighting") == before, "indicator rows were written"
        cpu = statistics.median(spent) * 1000
        figure("load", f"unchanged poll of {SMALL:,} lines, {what}: CPU", cpu, "ms", "the 50 ms allowed", cpu / 50)


def _cpu_of_a_poll(daemon: Daemon, feeds: FeedServer) -> float:
    """Return the CPU seconds of the daemon and all its processes over one poll, less what idling takes as long."""
    assert daemon.process is not None
    pid = daemon.process.pid
    asked = feeds.count("/small.txt")
    attempt = daemon.source("small")["last_attempt"]
    begun, before = time.perf_counter(), family_cpu(pid)
    daemon.request("POST", "/api/v1/sources/small/run", {})
    while feeds.count("/small.txt") == asked:
        time.sleep(0.005)
    time.sleep(0.5)
    after, took = family_cpu(pid), time.perf_counter() - begun
    assert daemon.source("small")["last_attempt"] != attempt
    idle_before = family_cpu(pid)
    daemon.request("GET", "/healthz")
    time.sleep(took)
    return max(0.0, after - before - (family_cpu(pid) - idle_before))


if __name__ == "__main__":
    _ = cpu_seconds
    main()
