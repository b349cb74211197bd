import json
from datetime import UTC, datetime
from pathlib import Path

from trio.testing import MockClock

from tipd.clock import MovedClock
from tipd.nursery.feed import Feed
from tipd.nursery.health import Tree
from tipd.nursery.stream import Stream

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


async def test_a_snapshot_is_json_and_shows_the_tree(mock_clock: MockClock) -> None:
    tree = Tree(MovedClock(NOW))
    blacklist, source = tree.node("blacklist"), tree.node("blacklist/ipsum")
    blacklist.state = "waiting"
    blacklist.next_run = NOW
    source.error("ValueError: no")
    source.beat()
    source.note(entries=7, when=NOW, odd=Path("/x"), nested={1: {"a"}})
    shown = json.loads(json.dumps(tree.snapshot()))
    (top,) = shown["modules"]
    assert (top["module"], top["state"], top["next_run"]) == ("blacklist", "waiting", "2026-11-22T04:00:00Z")
    (below,) = top["children"]
    assert below["last_error"] == "ValueError: no"
    assert below["last_beat"] == below["last_error_at"] == "2026-11-22T04:00:00Z"
    assert below["facts"] == {"entries": 7, "when": "2026-11-22T04:00:00Z", "odd": "/x", "nested": {"1": ["a"]}}
    assert {"restarts", "last_run", "failures"} <= below.keys()


async def test_facts_can_be_taken_away() -> None:
    node = Tree(MovedClock(NOW)).node("x")
    node.note(a=1, b=2)
    node.note(a=None, c=None)
    assert node.facts == {"b": 2}


async def test_the_fill_of_channels_is_shown() -> None:
    tree = Tree(MovedClock(NOW))
    feed, stream = Feed[int](3), Stream[int](5)
    tree.channel("candidates", feed)
    tree.channel("findings", stream)
    feed.send_nowait(1)
    reader = stream.subscribe()
    stream.publish(1)
    shown = {row["name"]: row for row in tree.snapshot()["channels"]}
    assert (shown["candidates"]["used"], shown["candidates"]["size"], shown["candidates"]["kind"]) == (1, 3, "feed")
    assert (shown["findings"]["used"], shown["findings"]["readers"], shown["findings"]["kind"]) == (1, 1, "stream")
    tree.drop_channel("findings")
    tree.drop_channel("findings")
    assert list(tree.fills()) == ["candidates"]
    reader.close()


async def test_dropping_takes_the_branch_and_no_namesake() -> None:
    tree = Tree(MovedClock(NOW))
    for name in ("a", "a/b", "a/b/c", "ab"):
        tree.node(name)
    tree.drop("a")
    assert [node.name for node in tree.nodes()] == ["ab"]


async def test_an_end_keeps_a_failure_visible() -> None:
    tree = Tree(MovedClock(NOW))
    well, bad = tree.node("well"), tree.node("bad")
    well.state, bad.state = "running", "failed"
    well.end()
    bad.end()
    assert (well.state, bad.state) == ("stopped", "failed")
    assert tree.failed() == ["bad"]
