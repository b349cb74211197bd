"""Disks: one that may not be written, one with too little room, one that is full."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer

LIST = 'url = "{base}/{name}.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'


@pytest.fixture
def disk(tmp_path):
    """Give a maker of small file systems; needs root, as mounting does."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    mounted: list[Path] = []

    def make(size: str, *options: str) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", "mode=0755", *options)), "tmpfs", str(place)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


def on(daemon: Daemon, place: Path) -> Daemon:
    """Have the daemon keep its state on that disk."""
    daemon.config.write_text(daemon.config.read_text().replace(str(daemon.state), str(place)))
    daemon.state = place
    return daemon


@pytest.mark.parametrize("managed", [True, False])
def test_a_read_only_state_directory(make_daemon, disk, managed):
    daemon = on(make_daemon(managed=managed), disk("1m", "ro"))
    code, said = daemon.run_to_its_end()
    assert code == 78
    assert str(daemon.state) in said
    assert "Read-only file system" in said
    assert "Traceback" not in said


def test_with_too_little_room_collecting_pauses_and_serving_goes_on(make_daemon, disk):
    with FeedServer() as feeds:
        feeds.put("/one.txt", "192.0.2.1\n")
        place = disk("64m")
        settings = '[store]\nmin_free = "32MB"\n'
        daemon = on(make_daemon(sources={"one": LIST.format(base=feeds.base, name="one")}), place)
        daemon.config.write_text(daemon.config.read_text().replace("[store]\n", settings))
        daemon.start()
        daemon.wait_for(lambda: daemon.source("one")["state"] in {"ok", "unchanged"}, what="the first round")

        fill = place / "fill"
        fill.write_bytes(bytes(40 * 2**20))
        daemon.wait_for(lambda: daemon.said("collecting pauses"), what="the pause")
        asked = feeds.count("/one.txt")
        feeds.put("/one.txt", "192.0.2.2\n")
        answers = [daemon.post("/api/v1/lookup", {"values": ["192.0.2.1"]})["results"][0] for _ in range(40)]
        assert all(answer["listed"] for answer in answers)
        assert feeds.count("/one.txt") <= asked + 1  # one may have been under way
        nodes = daemon.get("/api/v1/status")["nursery"]
        assert "paused" in str(nodes)
        assert b"bytes are free" in daemon.request("GET", "/readyz", token="")[1]

        fill.unlink()
        daemon.wait_for(lambda: daemon.said("there is room again"), what="the resumption")
        daemon.wait_for(lambda: daemon.source("one")["state"] in {"ok", "unchanged"}, what="a round")
        daemon.wait_for(
            lambda: daemon.post("/api/v1/lookup", {"values": ["192.0.2.2"]})["results"][0]["listed"], what="the rest"
        )
        assert daemon.stop() == 0


def test_a_disk_that_is_full_loses_nothing_and_goes_on_when_it_is_not(make_daemon, disk):
    """Without the guard (`min_free = "0"`): bodies cannot be spooled, and that is our fault, not the source's."""
    with FeedServer() as feeds:
        lines = "\n".join(f"h{number}.example.org" for number in range(40_000))
        feeds.put("/one.txt", "192.0.2.1\n")
        place = disk("16m")
        daemon = on(make_daemon(sources={"one": LIST.format(base=feeds.base, name="one")}), place)
        daemon.config.write_text(daemon.config.read_text().replace("[store]\n", '[store]\nmin_free = "0"\n'))
        daemon.start()
        daemon.wait_for(lambda: daemon.source("one")["state"] in {"ok", "unchanged"}, what="the first round")
        fill = place / "fill"
        with contextlib.suppress(OSError), fill.open("wb", buffering=0) as out:
            while True:
                out.write(bytes(65536))
        feeds.put("/one.txt", f"192.0.2.1\n{lines}\n")
        daemon.wait_for(lambda: "No space left" in str(daemon.source("one")["error"]), what="the fault to be shown")
        assert daemon.source("one")["state"] in {"ok", "unchanged"}
        assert daemon.source("one")["entries"] == 1
        assert daemon.status("/healthz") == 200
        fill.unlink()
        daemon.wait_for(lambda: daemon.source("one")["error"] is None, 60, "the rest to come in")
        assert daemon.source("one")["entries"] == 40_001
        assert daemon.stop() == 0


def test_postgresql_on_a_full_disk_is_away_until_there_is_room(make_daemon, disk):
    with FeedServer() as feeds:
        feeds.put("/one.txt", "192.0.2.1\n")
        place = disk("160m")
        daemon = on(make_daemon(managed=True, sources={"one": LIST.format(base=feeds.base, name="one")}), place)
        daemon.config.write_text(f'{daemon.config.read_text()}[store]\nmin_free = "0"\nshared_buffers = "8MB"\n')
        daemon.start()
        daemon.wait_for(lambda: daemon.source("one")["state"] in {"ok", "unchanged"}, what="the first round")
        fill = place / "fill"
        with contextlib.suppress(OSError), fill.open("wb", buffering=0) as out:
            while True:
                out.write(bytes(65536))
        feeds.put("/one.txt", "\n".join(f"h{number}.example.org" for number in range(100_000)))
        daemon.wait_for(lambda: daemon.said("No space left"), 60, "PostgreSQL or the spool to meet the end of the disk")
        for _ in range(20):
            assert daemon.status("/healthz") == 200
            found = daemon.request("POST", "/api/v1/lookup", {"values": ["192.0.2.1"]})
            assert found[0] in {200, 401, 503}
        fill.unlink()
        daemon.wait_ready(90)
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 100_000, 120, "the list to come in")
        kinds = [finding["kind"] for finding in daemon.findings() if finding["kind"].startswith("indicator.")]
        assert len(kinds) == 100_002
        assert daemon.stop() == 0
