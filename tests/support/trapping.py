"""Archives of made-up spam, and a spamtrap module with the real store, fetcher and workers around it."""

import io
import random
import re
import tarfile
import zipfile
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime

import py7zr
import structlog
import trio

from tipd.clock import SystemClock
from tipd.modules.spamtrap.module import SpamtrapModule
from tipd.modules.spamtrap.settings import ArchiveSettings, SpamtrapSettings
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings
from tipd.nursery.contract import Cause, Context
from tipd.store.store import Store
from tipd.work.pool import WorkerPool

NEAR = ("127.0.0.0/8",)
BEGAN = SystemClock().now() - timedelta(hours=6)  # sightings are of lately, whenever the tests run


def spam(number, *, host="pay.evil.example", words="Your order is ready to be paid for today", relay=None, date=None):
    """Return a mail of a campaign: its number tells it apart."""
    relay = relay or f"198.51.100.{1 + number % 250}"
    date = date or format_datetime(BEGAN + timedelta(seconds=number % 3600))
    return (
        f"Return-Path: <shop{number}@forged.example>\r\n"
        f"Received: from relay.example ([{relay}])\r\n by mx.trap.example.org with ESMTP id {number}; {date}\r\n"
        f"From: Shop <shop{number}@forged.example>\r\nTo: trap{number % 7}@trap.example.org\r\n"
        f"Subject: {words} {number}\r\nDate: {date}\r\nMessage-ID: <{number}@forged.example>\r\n"
        f"Content-Type: text/plain\r\n\r\n{words}. Click http://{host}/order/{number:08x}{number * 7919:08x} at\r\n"
        "once, before the offer ends. We are waiting for your answer, dear customer.\r\n"
    ).encode()


def seven(members, level=1):
    """Return a 7z archive."""
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=[{"id": py7zr.FILTER_LZMA2, "preset": level}]) as archive:
        for name, body in members.items():
            archive.writef(io.BytesIO(body), name)
    return out.getvalue()


def tarred(members, mode="w:gz"):
    """Return a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def zipped(members):
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def mbox(bodies):
    """Return mails as an mbox (mboxrd)."""
    quoted = (re.sub(rb"^(>*From )", rb">\1", body.replace(b"\r\n", b"\n"), flags=re.MULTILINE) for body in bodies)
    return b"".join(b"From someone@example.org Sun Nov 22 04:00:00 2026\n" + body + b"\n" for body in quoted)


def month(first, count, **said):
    """Return the members of a month's archive: a folder a day, a file a mail."""
    return {f"2026/11/{1 + n % 28:02}/{n:08}.txt": spam(n, **said) for n in range(first, first + count)}


def index(*names):
    """Return an index page."""
    return "<html><body><ul>" + "".join(f'<li><a href="{name}">{name}</a>' for name in names) + "</ul></body></html>"


class Sink:
    """Keeps what is shown of health; `shown` is every state it went through."""

    def __init__(self):
        self.facts = {}
        self.shown = []

    def note(self, **facts):
        self.facts |= facts
        self.shown.append({name: dict(each) for name, each in facts.get("archives", {}).items()})

    def beat(self):
        pass


class House:
    """The module with everything real around it; `collect` runs one round and returns reports by source."""

    def __init__(self, folder, store, workers):
        self.folder = folder
        self.store = store
        self.workers = workers
        self.log = structlog.get_logger()
        self.clock = SystemClock()
        self.sink = Sink()

    def begin(self, *archives, **keys):
        """Use these archives from now on, as a daemon that was started anew."""
        made = tuple(ArchiveSettings(allow_networks=NEAR, **one) for one in archives)
        self.settings = SpamtrapSettings(archives=made, **keys)
        self.module = SpamtrapModule(self.settings, self.folder / "state")
        return self

    async def collect(self, *names, due=True):
        if due:
            await self.store.pool.run(_make_due)
        report = await self.module.run(self.context(), Cause(None, self.clock.now(), names))
        self.next_due = report.next_due
        return {each.source: each for each in report.reports}

    def context(self):
        fetcher = Fetcher(NetSettings(allow_networks=NEAR, spacing="1ms"), self.clock, self.log, random.Random(7))
        return Context(self.log, self.clock, random.Random(5), self.store, fetcher, self.workers, self.sink)

    async def findings(self, kind):
        return [finding for finding in await self.store.findings.read(0, limit=10000) if finding.kind == kind]

    async def count(self, table, where="true"):
        return await self.store.pool.run(_count, table, where)


async def _make_due(connection):
    await connection.execute("UPDATE source SET due = NULL")


async def _count(connection, table, where):
    return await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")


@asynccontextmanager
async def house_of(folder, dsn):
    log = structlog.get_logger()
    async with Store.open(dsn, clock=SystemClock(), log=log) as store:
        workers = WorkerPool(2, log)
        async with trio.open_nursery() as nursery:
            await nursery.start(workers.run)
            yield House(folder, store, workers)
            nursery.cancel_scope.cancel()
