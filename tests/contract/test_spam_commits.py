"""Spam taken by several daemons, killed and cut off: what was stored is there once."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import trio
from support import pg
from support.gate import open_gate
from support.spamming import batch, declare, mail, sha, table, url
from support.stores import HandClock, open_store, whole_log

from tipd.model.finding import NewFinding
from tipd.model.spam import Taken, VersionMark
from tipd.model.tlp import Tlp
from tipd.store.spam.cursors import CursorMoved
from tipd.store.store import Store


def version(number: int) -> VersionMark:
    return VersionMark(
        agent="mx1", view="redacted", number=number, manifest=b"{}", sha256=sha(f"m{number}"), key=b"k" * 32
    )


async def sums(store: Store) -> dict[str, int]:
    (row,) = await table(
        store,
        "SELECT (SELECT count(*) FROM spam_mail) AS rows, (SELECT sum(mails)::int FROM spam_campaign_source) AS mails,"
        " (SELECT sum(mails)::int FROM spam_campaign_host) AS hosts, (SELECT"
        " sum(mails)::int FROM spam_relay) AS relays, (SELECT sum(mails)::int FROM spam_day) AS volume",
    )
    return row


@pytest.mark.parametrize("fate", ["before", "after"])
async def test_a_lost_commit_counts_once(pg_server: pg.Server, dsn: str, fate: str) -> None:
    async with open_gate(pg_server.sockets) as gate, open_store(gate.dsn(dsn), HandClock()) as store:
        await declare(store)
        told = NewFinding(kind="agent.version", module="spamtrap", source="mx1")
        for number in range(3):
            setattr(gate, fate, 1)
            some = [mail(f"{number} {n}", urls=(0,)) for n in range(2)]
            given = batch(*some, urls=(url(),), versions=(version(number + 1),), findings=(told,))
            taken = await store.spam.take(given)
            assert taken.new == 2  # also where the answer was lost: it is the same batch
            setattr(gate, fate, 1)
            assert (await store.spam.take(batch(withdraws=(sha(f"{number} 0"),)))).withdrawn == 1
        assert gate.lost == 6
        assert await sums(store) == dict.fromkeys(("rows", "mails", "hosts", "relays", "volume"), 3)
        kinds = [one.kind for one in await whole_log(store)]
        assert kinds.count("agent.version") == 3
        assert kinds.count("indicator.listed") == kinds.count("indicator.delisted") + 1
        assert (await store.spam.cursors())["mx1", "redacted"].number == 3


async def _pull(store: Store, batches: Sequence[tuple[int, tuple[int, ...]]], new: list[int]) -> None:
    """Take versions in order, as a daemon does that shares its database with others."""
    for number, mails in batches:
        while True:
            given = batch(*(mail(n, keys=(n % 3, 100 + n % 7), urls=(0,)) for n in mails), urls=(url(),))
            try:
                taken = await store.spam.take(
                    type(given)(source="mx1", mails=given.mails, urls=given.urls, versions=(version(number),))
                )
            except CursorMoved:
                await trio.lowlevel.checkpoint()
                continue
            new.append(taken.new)
            break


async def test_two_daemons_that_pull_one_agent_store_each_mail_once(dsn: str) -> None:
    rng = random.Random(5)
    batches = [(number, tuple(rng.randrange(200) for _ in range(20))) for number in range(1, 16)]
    new: list[int] = []
    async with open_store(dsn, HandClock()) as one, open_store(dsn, HandClock()) as other:
        await declare(one)
        async with trio.open_nursery() as nursery:
            for store in (one, other):
                nursery.start_soon(_pull, store, batches, new)
        distinct = len({n for _, mails in batches for n in mails})
        assert sum(new) == distinct
        assert await sums(one) == dict.fromkeys(("rows", "mails", "hosts", "relays", "volume"), distinct)
        assert sum(row.mails for row in (await other.spam.campaigns(max_tlp=Tlp.RED)).rows) == distinct
        assert (await other.spam.cursors())["mx1", "redacted"].number == 15


async def _archive(store: Store, mails: Sequence[int], taken: list[Taken]) -> None:
    for start in range(0, len(mails), 10):
        some = [mail(n, keys=(n % 4,), relay=f"192.0.2.{n % 9}") for n in mails[start : start + 10]]
        taken.append(await store.spam.take(batch(*some, member="a.7z")))


async def test_two_daemons_that_read_one_archive_store_each_mail_once(dsn: str) -> None:
    taken: list[Taken] = []
    async with open_store(dsn, HandClock()) as one, open_store(dsn, HandClock()) as other:
        await declare(one)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_archive, one, range(150), taken)
            nursery.start_soon(_archive, other, range(149, -1, -1), taken)
        assert sum(each.new for each in taken) == sum(each.known for each in taken) == 150
        assert sum(each.campaigns for each in taken) == 4
        assert sum(each.listed for each in taken) == 9
        assert (await sums(one))["rows"] == (await sums(one))["volume"] == 150
