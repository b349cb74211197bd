"""The main job, end to end: the real daemon collects lists, keeps what changed and tells everyone."""

import json

from support.feeds import FeedServer

LINES = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
ADDRESSES = [f"192.0.2.{number}" for number in range(1, 21)]


def test_a_list_is_collected_kept_and_told(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "\n".join([*ADDRESSES, "198.51.100.0/24", "evil.example"]))
        daemon = make_daemon(sources={"one": LINES.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("one")["state"] in {"ok", "unchanged"}, what="the first round")
        assert daemon.source("one")["entries"] == 22
        listed = [finding for finding in daemon.findings() if finding["kind"] == "indicator.listed"]
        assert {finding["subject"]["value"] for finding in listed} == {*ADDRESSES, "198.51.100.0/24", "evil.example"}

        feeds.put("/list.txt", "\n".join(ADDRESSES[5:]))
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 15, what="the second round")
        left = {finding["subject"]["value"] for finding in daemon.findings() if finding["kind"] == "indicator.delisted"}
        assert left == {*ADDRESSES[:5], "198.51.100.0/24", "evil.example"}

        feeds.put("/list.txt", "\n".join(ADDRESSES[4:]))
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 16, what="a relisting")
        relisted = [finding for finding in daemon.findings() if finding["kind"] == "indicator.listed"]
        assert [finding["subject"]["value"] for finding in relisted[22:]] == [ADDRESSES[4]]
        assert daemon.stop() == 0


def test_looking_up_by_containment_with_the_command_line(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "198.51.100.0/24\nevil.example\n192.0.2.1\n")
        daemon = make_daemon(sources={"one": LINES.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 3, what="the first round")
        asked = ["198.51.100.77", "www.evil.example", "http://evil.example/x", "192.0.2.1", "203.0.113.1"]

        def results():
            found = daemon.post("/api/v1/lookup", {"values": asked})["results"]
            return found if [row["listed"] for row in found] == [True] * 4 + [False] else None

        rows = daemon.wait_for(results, what="the look-up index to follow")
        assert [row["matches"][0]["how"] for row in rows[:4]] == ["contained", "parent", "host", "exact"]
        assert all(row["sources"] == ["one"] and 0 < row["confidence"] <= 1 for row in rows[:4])
        done = daemon.tipd("--json", "lookup", "192.0.2.1", "203.0.113.1", check=False)
        shown = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["listed"] for row in shown] == [True, False]
        assert daemon.tipd("lookup", "203.0.113.1", check=False).returncode == 1
        status, body = daemon.request("GET", "/api/v1/exports/all.txt?kind=ipv4")
        assert (status, body.decode().split()) == (200, ["192.0.2.1"])


def test_after_kill_9_nothing_is_fetched_before_it_is_due(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "192.0.2.1\n")
        slow = LINES.format(base=feeds.base).replace('every = "1s"', 'every = "1h"')
        quick = 'url = "{base}/quick.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
        feeds.put("/quick.txt", "192.0.2.2\n")
        daemon = make_daemon(sources={"slow": slow, "quick": quick.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("slow")["state"] == "ok", what="the first round")
        before = daemon.source("slow")["next_run"]
        daemon.kill()
        asked, quick_asked = feeds.count("/list.txt"), feeds.count("/quick.txt")
        daemon.start()
        daemon.wait_for(lambda: feeds.count("/quick.txt") > quick_asked + 1, what="another round of the quick one")
        assert feeds.count("/list.txt") == asked
        assert daemon.source("slow")["next_run"] == before


def test_an_unchanged_list_writes_no_indicator(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "192.0.2.1\n192.0.2.2\n")
        daemon = make_daemon(sources={"one": LINES.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("one")["state"] == "unchanged", what="an unchanged poll")
        seen = len(daemon.findings())
        feeds.retag("/list.txt")  # another ETag, the same body
        asked = feeds.count("/list.txt")
        daemon.wait_for(lambda: feeds.count("/list.txt") > asked + 1, what="two more polls")
        assert daemon.source("one")["state"] == "unchanged"
        assert len(daemon.findings()) == seen
