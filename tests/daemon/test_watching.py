"""Watches and sinks out of the configuration, and out of the next one."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from tipd import log
from tipd.clock import SystemClock
from tipd.daemon.sections import load
from tipd.daemon.watching import Watching, compiled
from tipd.errors import ConfigError
from tipd.model.kind import Kind
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings
from tipd.nursery.health import Tree

AS = '[[watch]]\nname = "as"\nasns = [64500]\n'


def configured(tmp_path: Path, text: str):
    path = tmp_path / "tipd.toml"
    path.write_text(text)
    return load(path, {})


def watching(config) -> Watching:
    clock, rng = SystemClock(), random.Random(1)
    fetcher = Fetcher(NetSettings(), clock, log.get("net"), rng)
    house = SimpleNamespace(config=config, clock=clock, rng=rng, fetcher=fetcher, health=Tree(clock))
    store = SimpleNamespace(findings=None, sinks=None, store_id="one", allowed=SimpleNamespace(now=()))
    table = SimpleNamespace(of=lambda address: 64500 if address == "192.0.2.1" else None)
    return Watching(house, store, SimpleNamespace(table=table))


async def test_as_numbers_come_from_the_table_there_is_now(tmp_path: Path) -> None:
    made = watching(configured(tmp_path, AS))
    assert made.annotations.watches.match(Kind.IPV4, "192.0.2.1") == ("as",)
    assert made.annotations.watches.match(Kind.IPV4, "192.0.2.2") == ()


async def test_the_next_configuration_and_its_files_are_read(tmp_path: Path) -> None:
    networks = tmp_path / "networks"
    networks.write_text("192.0.2.0/24\n")
    text = f'[[watch]]\nname = "ours"\nnetworks_file = "{networks}"\n'
    made = watching(configured(tmp_path, text))
    assert made.annotations.watches.match(Kind.IPV4, "198.51.100.1") == ()
    networks.write_text("198.51.100.0/24\n")
    await made.take(configured(tmp_path, text))
    assert made.annotations.watches.match(Kind.IPV4, "198.51.100.1") == ("ours",)
    networks.write_text("nonsense\n")
    with pytest.raises(ConfigError, match="networks:1"):
        await made.take(configured(tmp_path, text))
    assert made.annotations.watches.match(Kind.IPV4, "198.51.100.1") == ("ours",)


def test_a_sink_that_names_a_watch_there_is_not(tmp_path: Path) -> None:
    text = AS + '[[sink]]\nname = "s"\ncommand = ["true"]\nwatch = ["ass"]\n'
    with pytest.raises(ConfigError, match=r"names the watch 'ass' \(as\)"):
        compiled(configured(tmp_path, text))
