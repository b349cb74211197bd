"""All sinks of a process: each by itself, exchanged while they run."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trio
from support.api import START
from support.http_server import serving, status
from support.sinking import Bench

from tipd import log
from tipd.clock import MovedClock
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings
from tipd.net.webhook import Poster
from tipd.nursery.supervisor import Supervisor
from tipd.watching.settings import SinkSettings
from tipd.watching.sinks import Sinks

HOOK = {"name": "hook", "allow_networks": ["127.0.0.0/8"], "max_tlp": "red", "group": "0s"}


class House:
    """What runs the sinks."""

    def __init__(self) -> None:
        self.clock = MovedClock(START)
        self.bench = Bench(self.clock)
        fetcher = Fetcher(NetSettings(), self.clock, log.get("net"), random.Random(1))
        self.poster = Poster(fetcher.tools)

    @asynccontextmanager
    async def running(self, *settings: SinkSettings) -> AsyncIterator[Sinks]:
        bench = self.bench
        sinks = Sinks(settings, bench.ground(), bench.rows, self.poster, bench.health)
        bench.log.subscribe(sinks.committed)
        async with trio.open_nursery() as nursery:
            await nursery.start(sinks.run, Supervisor(bench.health, log.get("supervisor"), random.Random(1)))
            with trio.fail_after(10):
                while set(bench.rows.rows) < {one.name for one in settings}:
                    await trio.sleep(0.01)
            yield sinks
            nursery.cancel_scope.cancel()


async def until(condition) -> None:
    with trio.fail_after(20):
        while not condition():
            await trio.sleep(0.01)


async def test_one_that_fails_harms_no_other(tmp_path: Path) -> None:
    house, out = House(), tmp_path / "out"
    async with serving() as server:
        server.on("/hook", status(500))
        hook = SinkSettings(url=server.url("/hook?key=secret"), **HOOK)
        pager = SinkSettings(name="pager", command=["sh", "-c", f"cat >> {out}"], max_tlp="red", group="0s")
        async with house.running(hook, pager) as sinks:
            house.bench.tell(1)
            await until(lambda: out.exists() and out.read_text() and server.seen)
            assert msgspec.json.decode(out.read_text())["seq"] == 1
            states = {state.name: state for state in await sinks.states()}
            assert states["hook"].target == f"http://127.0.0.1:{server.port}"
            assert (states["hook"].state, states["hook"].behind) == ("backoff", 1)
            await until(lambda: house.bench.rows.rows["pager"].seq == 1)
            nodes = {node.name for node in house.bench.health.nodes()}
            assert nodes == {"sinks/hook", "sinks/pager"}


async def test_the_configuration_is_exchanged_while_it_runs(tmp_path: Path) -> None:
    house, out = House(), tmp_path / "out"
    async with serving() as server:
        server.on_any(status(204))
        async with house.running(SinkSettings(url=server.url("/old"), **HOOK)) as sinks:
            house.bench.tell(1)
            await until(lambda: house.bench.rows.rows["hook"].seq == 1)
            added = SinkSettings(name="pager", command=["sh", "-c", f"cat >> {out}"], max_tlp="red", group="0s")
            sinks.exchange([SinkSettings(url=server.url("/new"), **HOOK), added])
            await until(lambda: "pager" in house.bench.rows.rows)
            house.bench.tell(2)
            await until(lambda: house.bench.rows.rows["hook"].seq == 2 and out.exists())
            assert [seen.path for seen in server.seen] == ["/old", "/new"]
            sinks.exchange([added])
            await until(lambda: house.bench.rows.rows["hook"].holder is None)
            assert [state.name for state in await sinks.states()] == ["pager"]
            assert "sinks/hook" not in {node.name for node in house.bench.health.nodes()}


async def test_a_test_message_leaves_the_cursor_alone() -> None:
    house = House()
    async with serving() as server:
        server.on("/hook", status(204))
        async with house.running(SinkSettings(url=server.url("/hook"), **HOOK)) as sinks:
            outcome = await sinks.test("hook")
            assert outcome is not None
            assert outcome.taken
            assert await sinks.test("nobody") is None
            assert msgspec.json.decode(server.seen[0].body)["findings"][0]["kind"] == "sink.test"
            assert house.bench.rows.rows["hook"].seq == 0
            assert await sinks.resume("nobody") is None
            assert await sinks.resume("hook") is False
