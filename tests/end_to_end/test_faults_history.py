"""History that is being loaded when its daemon is killed: loaded again, it is what it would have been."""

import json
import subprocess

from support.daemon import wait_a_moment
from support.feeds import FeedServer

LIST = 'url = "{base}/one.txt"\nparser = "lines"\nkind = "auto"\nevery = "1h"\nmin_interval = "1s"\n'
DAYS = {"2026-01-05": range(60_000), "2026-01-12": range(30_000, 90_000)}
ASKED = {"2026-01-06": [0, 45_000, 89_999], "2026-01-13": [0, 45_000, 89_999], "2026-01-04": [0, 45_000, 89_999]}
LISTED = {"2026-01-06": [True, True, False], "2026-01-13": [False, True, True], "2026-01-04": [False, False, False]}


def name(number: int) -> str:
    return f"n{number}.example.org"


def test_a_daemon_killed_while_it_loads(make_daemon, tmp_path):
    with FeedServer() as feeds:
        feeds.put("/one.txt", "now.example.net\n")
        daemon = make_daemon(sources={"one": LIST.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("one")["state"] == "ok", what="the first round")
        files = {}
        for day, numbers in DAYS.items():
            files[day] = tmp_path / f"{day}.txt"
            files[day].write_text("".join(f"{name(number)}\n" for number in numbers))
        daemon.tipd("sources", "backfill", "one", str(files["2026-01-12"]), "--at", "2026-01-12")
        killed = killed_while_loading(daemon, files["2026-01-05"], "2026-01-05")
        (cut_off, *_) = rounds(daemon)
        assert killed != 0
        assert (cut_off["why"], cut_off["ended"]) == ("backfill", None)
        assert 0 < cut_off["listed"] < 60_000
        loaded = daemon.tipd("sources", "backfill", "one", str(files["2026-01-05"]), "--at", "2026-01-05")
        assert "60,000 indicators" in loaded.stdout
        again = daemon.tipd("sources", "backfill", "one", str(files["2026-01-05"]), "--at", "2026-01-05")
        assert "loaded already" in again.stdout
        assert listed(daemon) == LISTED
        assert list((daemon.state / "spool_past").iterdir()) == []
        shown = daemon.get(f"/api/v1/indicators/{name(45_000)}")
        assert [(one["first_seen"][:10], one["backfilled"]) for one in shown["sightings"]] == [("2026-01-05", True)]
        (proved,) = (json.loads(line) for line in daemon.tipd("--json", "prove", name(45_000)).stdout.splitlines())
        assert (proved["stands"], proved["opened_by"]["read"]["holds"]) == (True, True)


def killed_while_loading(daemon, path, day: str) -> int:
    """Begin to load a file, kill the daemon once part of it is written, start it again; return the command's code."""
    words = ("sources", "backfill", "one", str(path), "--at", day)
    command = subprocess.Popen(daemon.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = rounds(daemon)[0]["id"]

    def begun() -> bool:
        newest = rounds(daemon)[0]
        return newest["id"] != before and newest["listed"] > 0

    while not begun():
        wait_a_moment()
    daemon.kill()
    code = command.wait(60)
    daemon.start()
    return code


def rounds(daemon) -> list[dict]:
    return daemon.get("/api/v1/sources/one/rounds?limit=10")["rounds"]


def listed(daemon) -> dict[str, list[bool]]:
    found = {}
    for day, numbers in ASKED.items():
        asked = [{"value": name(number), "at": f"{day}T00:00:00Z"} for number in numbers]
        found[day] = [one["listed"] for one in daemon.post("/api/v1/lookup", {"values": asked})["results"]]
    return found
