"""Rubbish, a million lines of it: what is a name in it is watched, the rest is counted, and nothing else happens."""

import json
import random

from support.feeds import FeedServer
from support.processes import memory_of
from support.tracking import names_of, tracking_daemon
from support.worlds import WorldServer

LINES = 1_000_000
FEWER = 200_000
GOOD = [f"found-{number}.example" for number in range(100)]
_ODD = (
    b"-.-", b"..", b"a..b.example", b"\xff\xfe\x00\x01", b"<td>404</td>", b"com",
    b"co.uk", b"localhost",
    b"10.0.0.1", b"0.0.0.0/0", b"x" * 300, b"x" * 64 + b".example", b"%s%s%s%n", b"'; DROP TABLE flux_name; --",
    b"\xe2\x80\xaeelpmaxe", b"{\"domain\":", b"[" * 500, b"a b c", b"_", b"*.example", b"\t", b"1.2.3", b"://", b"@",
)  # fmt: skip


def rubbish(path, count):
    """Write so many lines, a hundred of them names; return how many hold nothing at all."""
    rng = random.Random(4)
    lines = [rng.choice(_ODD) for _ in range(count - len(GOOD))]
    for name in GOOD:
        lines.insert(rng.randrange(len(lines)), name.encode())
    path.write_bytes(b"\n".join(lines) + b"\n")
    return sum(not line.strip() for line in lines)


def test_an_import_takes_the_names_and_counts_the_rest(make_daemon, tmp_path):
    path = tmp_path / "rubbish.txt"
    empty = rubbish(path, FEWER)
    with WorldServer() as server:
        daemon = tracking_daemon(make_daemon, tmp_path, server).start()
        done = json.loads(daemon.tipd("--json", "flux", "import", str(path)).stdout.splitlines()[-1])
        assert (done["new"], done["refused"]) == (len(GOOD), FEWER - len(GOOD) - empty)
        assert sorted(names_of(daemon)) == sorted(GOOD)
        daemon.wait_for(lambda: set(server.counts()) >= set(GOOD), 30, "the names to be asked for")
        assert memory_of(daemon.process.pid) < 400 * 2**20


def test_a_list_of_rubbish_is_set_aside_and_harms_no_other(make_daemon, tmp_path):
    """What cannot be read has drifted: not even the names in it are believed. Another list gives its own meanwhile."""
    path = tmp_path / "rubbish.txt"
    rubbish(path, LINES)
    honest = [f"honest-{number}.example" for number in range(50)]
    with FeedServer() as feeds, WorldServer() as server:
        feeds.put("/rubbish.txt", path.read_bytes())
        feeds.put("/honest.txt", "\n".join(honest))
        lists = [f"{feeds.base}/rubbish.txt", f"{feeds.base}/honest.txt"]
        daemon = tracking_daemon(make_daemon, tmp_path, server, lists=lists).start()
        daemon.wait_for(lambda: daemon.source("names0")["state"] == "drifted", 240, "the list to be set aside")
        daemon.wait_for(lambda: set(server.counts()) >= set(honest), 60, "the other list's names to be asked for")
        assert sorted(names_of(daemon)) == sorted(honest)
        assert memory_of(daemon.process.pid) < 400 * 2**20
