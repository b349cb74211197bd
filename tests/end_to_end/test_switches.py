"""An operator switches a source off and on: the command writes one key, the daemon acts at once."""

import json

from support.feeds import FeedServer

HOURLY = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1h"\nmin_interval = "1s"\n'
ADDRESSES = [f"192.0.2.{number}" for number in range(1, 21)]


def test_a_source_is_switched_off_and_on_at_once(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "\n".join(ADDRESSES))
        daemon = make_daemon(sources={"one": HOURLY.format(base=feeds.base)}).start()
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 20, what="the first round")

        said = daemon.tipd("sources", "disable", "one", "--reason", "false ones").stderr
        assert "the daemon ends what it listed now" in said
        daemon.wait_for(lambda: daemon.source("one")["state"] == "off", what="it to be off")
        assert (daemon.source("one")["entries"], daemon.source("one")["error"]) == (0, "enabled = false")
        told = [finding for finding in daemon.findings() if finding["kind"] == "indicator.delisted"]
        assert {finding["data"]["reason"] for finding in told} == {"source_removed"}
        assert len(told) == 20
        # What the operator does is told to operators: a token that may see red.
        assert [each["source"] for each in daemon.findings() if each["kind"] == "source.disabled"] == ["one"]

        daemon.tipd("sources", "enable", "one")
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 20, what="it to be collected again")
        assert [each["source"] for each in daemon.findings() if each["kind"] == "source.enabled"] == ["one"]
        shown = [json.loads(line) for line in daemon.tipd("--json", "sources", "list").stdout.splitlines()]
        assert [(row["name"], row["class"]) for row in shown] == [("one", "other")]
        assert daemon.stop() == 0


def test_what_is_switched_by_hand_waits_for_a_reload(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "\n".join(ADDRESSES))
        daemon = make_daemon(sources={"one": HOURLY.format(base=feeds.base)})
        daemon.declare("two", HOURLY.format(base=feeds.base) + "enabled = false\n")
        daemon.start()
        daemon.wait_for(lambda: daemon.source("one")["entries"] == 20, what="the first round")
        assert daemon.source("two")["state"] == "off"
        daemon.stop()
        assert "no daemon answers: it counts from its next start" in daemon.tipd("sources", "enable", "two").stderr
        daemon.start()
        daemon.wait_for(lambda: daemon.source("two")["entries"] == 20, what="the second source")
