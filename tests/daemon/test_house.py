"""The whole house in this process, on a real database: it comes, serves and goes."""

import os
import random
import signal

import httpcore
import pytest
import trio
from support.daemon import free_port

from tipd import log
from tipd.clock import SystemClock
from tipd.daemon.house import House
from tipd.daemon.sections import load
from tipd.errors import Unavailable
from tipd.nursery.attempt import causes
from tipd.nursery.blocking import Detector


@pytest.fixture
def build(tmp_path, dsn):
    (tmp_path / "dsn").write_text(dsn)
    port = free_port()

    def make(parts=("api", "blacklist")):
        path = tmp_path / "tipd.toml"
        path.write_text(
            f'state_dir = "{tmp_path}"\n[store]\nurl_file = "{tmp_path}/dsn"\n[api]\nlisten = "127.0.0.1:{port}"\n'
            "[modules.blacklist]\ncatalogue = false\nsources_dirs = []\n"
        )
        house = House(
            load(path, {key: value for key, value in os.environ.items() if key.startswith("TIPD_")}),
            frozenset(parts),
            clock=SystemClock(),
            rng=random.Random(1),
            detector=Detector(log.get("loop")),
        )
        return house, f"http://127.0.0.1:{port}"

    return make


async def ready(base):
    async with httpcore.AsyncConnectionPool() as pool:
        while True:
            try:
                if (await pool.request("GET", base + "/readyz")).status == 200:
                    return
            except (httpcore.NetworkError, httpcore.RemoteProtocolError):  # not there yet; just handed over
                pass
            await trio.sleep(0.02)


async def test_it_serves_until_a_signal_and_leaves_nothing(build):
    house, base = build()
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.run)
            await ready(base)
            assert {node.name for node in house.health.nodes()} >= {"store", "scheduler", "blacklist", "housekeeping"}
            os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(httpcore.ConnectError):
        async with httpcore.AsyncConnectionPool() as pool:
            await pool.request("GET", base + "/healthz")


async def test_a_part_alone_listens_on_nothing(build):
    house, base = build(("blacklist",))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.run)
            while house.health.node("blacklist").state != "waiting":
                await trio.sleep(0.02)
            with pytest.raises(httpcore.ConnectError):
                async with httpcore.AsyncConnectionPool() as pool:
                    await pool.request("GET", base + "/healthz")
            os.kill(os.getpid(), signal.SIGINT)


async def test_the_tracker_alone_waits_for_a_resolver_and_says_so(build):
    house, _ = build(("fastflux",))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.run)
            while house.health.node("fastflux").facts.get("state") != "needs_resolver":
                await trio.sleep(0.02)
            assert house.health.node("fastflux").state == "waiting"
            assert house.health.node("resolver").state == "running"
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGINT)


async def test_a_short_disk_pauses_the_tracker_too(build, monkeypatch):
    monkeypatch.setenv("TIPD_NET__RESOLVERS", '["127.0.0.1:9"]')
    monkeypatch.setenv("TIPD_STORE__MIN_FREE", "1000000GB")
    house, _ = build(("fastflux",))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.run)
            while house.health.node("fastflux").state != "paused":
                await trio.sleep(0.02)
            assert "disk" in house.health.node("fastflux").facts["why"]
            os.kill(os.getpid(), signal.SIGTERM)


async def test_a_port_in_use_brings_the_house_down_with_its_name(build):
    house, base = build()
    host, port = base.removeprefix("http://").split(":")
    listeners = await trio.open_tcp_listeners(int(port), host=host)
    with trio.fail_after(60), pytest.raises(ExceptionGroup) as caught:
        await house.run()
    for listener in listeners:
        await listener.aclose()
    (error,) = [error for error in causes(caught.value) if isinstance(error, Unavailable)]
    assert port in str(error)


async def test_a_crash_of_the_housekeeping_harms_nobody_else(build, monkeypatch):
    async def upkeep(_store, _keep):
        raise RuntimeError("the chores stumble")

    monkeypatch.setattr("tipd.store.store.Store.upkeep", upkeep)
    house, base = build()
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.run)
            await ready(base)
            while (node := house.health.node("housekeeping")).last_error is None:
                await trio.sleep(0.02)
            assert "the chores stumble" in node.last_error
            await ready(base)
            os.kill(os.getpid(), signal.SIGTERM)
