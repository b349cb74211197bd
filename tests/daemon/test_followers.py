"""What follows the log: which of it a process runs."""

import random
from types import SimpleNamespace

import trio

from tipd import log
from tipd.clock import SystemClock
from tipd.daemon.followers import Followers
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings
from tipd.nursery.health import Tree


class _Supervisor:
    """Notes what it is given."""

    def __init__(self):
        self.names = []

    async def supervise(self, name, child, *, restart, task_status):
        self.names.append(name)


class _Writer:
    def __init__(self):
        self.subscribers = []

    def subscribe(self, on_commit):
        self.subscribers.append(on_commit)


def _house(tmp_path, *parts):
    config = SimpleNamespace(
        state_dir=tmp_path,
        section=lambda name, kind: NetSettings(asn_file="/etc/asn.tsv"),
        table=lambda name, kind: (),
    )
    clock, rng = SystemClock(), random.Random(1)
    fetcher = Fetcher(NetSettings(), clock, log.get("net"), rng)
    return SimpleNamespace(
        config=config, parts=frozenset(parts), workers=None, health=Tree(clock), clock=clock, rng=rng, fetcher=fetcher
    )


async def _started(house):
    store = SimpleNamespace(
        hash_seed=1,
        pool=SimpleNamespace(listen=lambda *_: None),
        trends=None,
        allowed=SimpleNamespace(run=None),
        spam=SimpleNamespace(),
        writer=_Writer(),
        findings=None,
        sinks=None,
    )
    followers, supervisor = Followers(house, store), _Supervisor()
    async with trio.open_nursery() as nursery:
        followers.start(nursery, supervisor)
    return followers, supervisor, store


async def test_a_process_that_serves_follows_the_log(tmp_path):
    followers, supervisor, store = await _started(_house(tmp_path, "api", "blacklist"))
    assert {"index", "asn", "trends", "allowed", "sinks"} <= set(supervisor.names)
    assert len(store.writer.subscribers) >= 3
    assert followers.asns.status() == {"state": "loading", "file": "/etc/asn.tsv"}


async def test_one_that_does_not_serve_does_not(tmp_path):
    _, supervisor, store = await _started(_house(tmp_path, "blacklist"))
    assert (supervisor.names, store.writer.subscribers) == ([], [])


async def test_one_that_tracks_needs_the_table_and_the_allowlist(tmp_path):
    _, supervisor, store = await _started(_house(tmp_path, "fastflux"))
    assert (sorted(supervisor.names), store.writer.subscribers) == (["allowed", "asn"], [])
