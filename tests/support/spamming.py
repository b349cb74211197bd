"""Mails of spamtraps for the tests of the store."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from support.stores import START
from tipd.model.spam import FileRow, MailRow, SpamBatch, UrlRow
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared
from tipd.store.store import Store


def sha(number: int | str) -> bytes:
    """Return the SHA-256 that a made-up mail is known by."""
    return hashlib.sha256(f"mail {number}".encode()).digest()


def mail(number: int | str, **more: Any) -> MailRow:
    """Return a mail of campaign 1, which a trap saw."""
    fields: dict[str, Any] = {
        "sha256": sha(number),
        "at": START,
        "class_": 0,
        "size": 1000,
        "relay": "192.0.2.1",
        "trap": b"\1" * 8,
        "keys": (1,),
        "sighted": True,
    }
    return MailRow(**fields | more)


def url(host: str = "www.example.org", path: str = "{t}", **more: Any) -> UrlRow:
    """Return a URL's shape."""
    fields: dict[str, Any] = {
        "key": 1,
        "host": host,
        "shape": f"http://{host}/{path}",
        "example": f"http://{host.replace('*', 'a')}/token",
        "at": START,
    }
    return UrlRow(**fields | more)


def file(number: int, **more: Any) -> FileRow:
    """Return an attachment."""
    fields: dict[str, Any] = {"sha256": sha(f"file {number}").hex(), "name": f"{number}.zip", "real": "application/zip"}
    return FileRow(**fields | more)


def batch(*mails: MailRow, source: str = "mx1", **more: Any) -> SpamBatch:
    """Return a batch of them."""
    return SpamBatch(source=source, mails=mails, **more)


async def declare(store: Store, **marks: Tlp) -> None:
    """Let these be the sources of spam, with their marks; `mx1`, green, where none is given."""
    wanted = marks or {"mx1": Tlp.GREEN}
    await store.sources.declare("spamtrap", {name: Declared(tlp=tlp, class_="spam") for name, tlp in wanted.items()})


async def table(store: Store, query: str, *args: Any) -> list[dict[str, Any]]:
    """Return the rows of a query."""

    async def look(connection: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await connection.fetch(query, *args)]

    return await store.pool.run(look)


async def fill(store: Store) -> None:
    """Store two campaigns by a green source, one of them known to a red one too."""
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.RED)
    given = batch(
        mail(1, urls=(0, 1), files=(0,), subject="Your parcel", rest=b'{"from":"bank@example.org"}'),
        mail(2, urls=(0,), relay="192.0.2.2", trap=b"\2" * 8, at=START - timedelta(hours=1)),
        mail(3, keys=(7,), at=START - timedelta(hours=50), defects=4, class_=1),
        urls=(url(), url("*.example.net")),
        files=(file(1),),
    )
    await store.spam.take(given)
    await store.spam.take(batch(mail(4, urls=(0,), relay="192.0.2.9"), source="mx2", urls=(url("hidden.example.org"),)))
