"""How far agents' views were taken, and what was refused of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from support.spamming import batch, declare, mail, sha
from support.stores import HandClock, whole_log

from tipd.errors import TryAgain
from tipd.model.spam import Cursor, Taken, VersionMark
from tipd.model.tlp import Tlp
from tipd.store.spam.cursors import CursorMoved
from tipd.store.store import Store


def version(number: int, **more: Any) -> VersionMark:
    said = {"sealed": "2026-03-15T11:00:00Z", "records": 10, "bytes": 500, "withdraws": ["a"], "onward": True}
    fields: dict[str, Any] = {
        "agent": "mx1",
        "view": "redacted",
        "number": number,
        "manifest": msgspec.json.encode(said),
        "sha256": sha(f"manifest {number}"),
        "key": b"k" * 32,
    }
    return VersionMark(**fields | more)


async def test_the_cursor_moves_with_the_mails(store: Store) -> None:
    assert await store.spam.cursors() == {}
    await store.spam.take(batch(mail(1), versions=(version(4), version(5, gone=True))))
    stands = Cursor(number=5, manifest_sha256=sha("manifest 5"), key=b"k" * 32)
    assert await store.spam.cursors() == {("mx1", "redacted"): stands}
    (row,) = await store.spam.agents(max_tlp=Tlp.GREEN)
    assert (row.last, row.records, row.bytes, row.gaps, row.withdrawn, row.onward) == (5, 10, 500, 1, 2, True)
    assert row.sealed == datetime(2026, 3, 15, 11, tzinfo=UTC)
    assert row.key == "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="


async def test_what_another_daemon_took_already_changes_nothing(store: Store) -> None:
    given = batch(mail(1), versions=(version(1), version(2)))
    await store.spam.take(given)
    assert await store.spam.take(given) == Taken(known=1)
    assert await store.spam.take(batch(mail(9), versions=(version(2),))) == Taken(known=1)
    assert await store.spam.known([sha(9)]) == set()


async def test_nothing_is_stored_where_a_version_is_missing_between(store: Store) -> None:
    await store.spam.take(batch(mail(1), versions=(version(1),)))
    for numbers in ((3,), (1, 2)):
        with pytest.raises(CursorMoved, match="version 2 of mx1 is next"):
            await store.spam.take(batch(mail(2), versions=tuple(version(number) for number in numbers)))
    assert issubclass(CursorMoved, TryAgain)
    assert await store.spam.known([sha(2)]) == set()


async def test_the_same_refusal_is_told_once_an_hour(store: Store, clock: HandClock) -> None:
    assert await store.spam.refused("mx1", "redacted", 3, "fork", "two of them")
    assert not await store.spam.refused("mx1", "redacted", 4, "fork", "again")
    assert await store.spam.refused("mx1", "redacted", 4, "gap", "3 is missing")
    clock.move(timedelta(hours=1))
    assert await store.spam.refused("mx1", "redacted", 5, "fork", "x\0y" * 5000)
    told = [one for one in await whole_log(store) if one.kind == "agent.refused"]
    assert [(one.data["reason"], one.data["version"]) for one in told] == [("fork", 3), ("gap", 4), ("fork", 5)]
    assert (told[0].source, told[0].module) == ("mx1", "spamtrap")
    (row,) = await store.spam.agents(max_tlp=Tlp.GREEN)
    assert (row.refused, row.refused_number, len(row.detail)) == ("fork", 5, 2000)
    await store.spam.take(batch(versions=(version(1),)))
    (row,) = await store.spam.agents(max_tlp=Tlp.GREEN)
    assert (row.refused, row.detail) == (None, "")
    with pytest.raises(ValueError, match="no agent"):
        await store.spam.refused("nobody", "redacted", 1, "fork")


async def test_a_manifest_that_says_nothing_moves_the_cursor_all_the_same(store: Store) -> None:
    await declare(store)
    await store.spam.take(batch(versions=(version(1, manifest=b"\xff"),)))
    (row,) = await store.spam.agents(max_tlp=Tlp.RED)
    assert (row.last, row.records, row.sealed) == (1, 0, None)
