"""Spam stored: mails a second, and bytes a mail, over the real store and the real PostgreSQL.

Batches of 20,000 mails as the daemon takes them: 300 campaigns of very unequal size, up to two URLs a mail, 5,000
recipients, 10,000 relays that all count as seen by the trap. Bytes are what all tables and indexes grow by (mails,
campaigns, relays, sightings, findings, rounds) after all campaigns and most relays are known; then of mails that have
nothing in common with any other. A bare COPY of the same mails into a table with the same indexes is the yardstick of
the rate. The database lies in memory where there is a tmpfs: what a disk adds is not measured.
"""

from __future__ import annotations

import hashlib
import random
import struct
import sys
import time
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

import trio
from _figure import figure, machine, say, scaled
from support.pg import make_server, remove_server
from support.spamming import declare
from support.stores import START, HandClock, open_store

from tipd import log
from tipd.model.spam import MailRow, SpamBatch, UrlRow

if TYPE_CHECKING:
    from tipd.store.connection import Connection
    from tipd.store.store import Store

BATCH = scaled(20_000, 200)
BATCHES = scaled(10, 2)
CAMPAIGNS = 300
RELAYS = scaled(10_000, 100)
WANTED = 300  # bytes of a mail of a known campaign
_SIZE = """
SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(spam|sighting|finding|round)'
"""
_BARE = """
CREATE TABLE IF NOT EXISTS bare (LIKE spam_mail INCLUDING ALL);
TRUNCATE bare
"""
_COPY = "INSERT INTO bare SELECT * FROM spam_mail LIMIT $1"


def batch(number: int, rng: random.Random, *, known: bool) -> SpamBatch:
    """Return mails of the known campaigns, or such as have nothing in common."""
    urls = tuple(_url(campaign, path) for campaign in range(CAMPAIGNS) for path in range(3))
    mails = tuple(_mail(f"{number} {n}", rng, known=known) for n in range(BATCH))
    return SpamBatch(source="mx1", mails=mails, urls=urls)


def _url(campaign: int, path: int) -> UrlRow:
    host = f"*.campaign{campaign}.example.org"
    example = f"http://a7x.campaign{campaign}.example.org/{path}/q8w7e6r5"
    return UrlRow(key=0, host=host, shape=f"http://{host}/{path}/{{t}}", example=example, at=START)


def _mail(name: str, rng: random.Random, *, known: bool) -> MailRow:
    campaign = int(rng.paretovariate(0.6)) % CAMPAIGNS
    keys = (campaign, 1000 + 3 * campaign + rng.randrange(3)) if known else (rng.getrandbits(62), rng.getrandbits(62))
    relay = rng.randrange(RELAYS)
    return MailRow(
        sha256=hashlib.sha256(name.encode()).digest(),
        at=START - timedelta(seconds=rng.randrange(7200)),
        class_=0,
        size=rng.randrange(1000, 20_000),
        relay=f"198.18.{relay // 250}.{relay % 250}",
        trap=struct.pack(">q", rng.randrange(1, 5000)),
        trap_kind="pristine",
        keys=keys,
        subject="Your parcel could not be delivered",
        defects=4 * (rng.randrange(7) == 0),
        rest=b'{"from":"' + b"x" * 600 + b'"}',
        urls=(3 * campaign, 3 * campaign + rng.randrange(3)) if known else (),
        version=1,
        sighted=True,
    )


async def _take(store: Store, first: int, rng: random.Random, *, known: bool) -> tuple[float, float]:
    """Take batches; return mails a second (the median) and bytes a mail."""
    before = await store.pool.run(_size)
    rates = []
    for number in range(first, first + BATCHES):
        given = batch(number, rng, known=known)
        began = time.perf_counter()
        taken = await store.spam.take(given)
        rates.append(taken.new / (time.perf_counter() - began))
    return median(rates), (await store.pool.run(_size) - before) / (BATCH * BATCHES)


async def _size(connection: Connection) -> int:
    return int(await connection.fetchval(_SIZE))


async def _bare(connection: Connection) -> float:
    await connection.execute(_BARE)
    began = time.perf_counter()
    await connection.execute(_COPY, BATCH)
    return BATCH / (time.perf_counter() - began)


async def main(dsn: str) -> None:
    """Print the figures."""
    rng = random.Random(1)
    async with open_store(dsn, HandClock()) as store:
        await declare(store)
        say(f"store: {machine()}")
        await _take(store, 0, rng, known=True)
        rate, size = await _take(store, BATCHES, rng, known=True)
        bare = median([await store.pool.run(_bare) for _ in range(3)])
        figure(
            "spam",
            "mails of known campaigns stored",
            rate,
            "mails/s",
            f"INSERT of the same rows alone, {machine()}",
            rate / bare,
        )
        figure("spam", "a mail of a known campaign, with indexes", size, "bytes", f"wanted: {WANTED}", size / WANTED)
        rate, size = await _take(store, 2 * BATCHES, rng, known=False)
        figure(
            "spam",
            "mails of campaigns of their own stored",
            rate,
            "mails/s",
            f"INSERT of the same rows alone, {machine()}",
            rate / bare,
        )
        figure(
            "spam", "a mail with a campaign of its own, with indexes", size, "bytes", f"wanted: {WANTED}", size / WANTED
        )


if __name__ == "__main__":
    log.setup("warning", stream=sys.stderr)
    server = make_server()
    try:
        trio.run(main, server.dsn(server.create_migrated()))
    finally:
        remove_server(server)
