"""Changes and the cursor behind them, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.stores import START, names, whole_log, write_closed, write_opened

from tipd.model.tlp import Tlp
from tipd.store import increments
from tipd.store.rounds import Proof
from tipd.store.sources import Declared
from tipd.store.store import Store

PROOF = Proof(status="ok", ended=START, at=START, why="page", body_sha256=b"x" * 32)


async def page(
    store: Store, tmp_path: Path, opened: list[int], withdrawn: list[int], cursor: Any, rows: int = 20_000
) -> tuple[int, int]:
    source = await source_of(store)
    round_id = await store.rounds.begin(source)
    return await store.increments.apply(
        round_id,
        source,
        write_opened(tmp_path / "o", store.hash_seed, names(*opened), rows=rows),
        write_closed(tmp_path / "c", store.hash_seed, names(*withdrawn)),
        cursor=cursor,
        proof=PROOF,
    )


async def source_of(store: Store) -> int:
    (row,) = await store.sources.declare("blacklist", {"feed": Declared(digest=b"d")})
    return row.id


async def test_rows_what_is_taken_back_and_the_cursor(store: Store, tmp_path: Path) -> None:
    source = await source_of(store)
    assert await store.increments.cursor(source) is None
    assert await page(store, tmp_path, [1, 2, 3], [], {"since": "1"}) == (3, 0)
    assert await page(store, tmp_path, [3, 4], [2, 9], {"since": "2"}) == (1, 1)
    assert await store.increments.cursor(source) == {"since": "2"}
    log = await whole_log(store)
    assert [finding.kind for finding in log] == ["indicator.listed"] * 4 + ["indicator.delisted"]
    assert (log[-1].subject, log[-1].data) == (names(2)[0], {"reason": "withdrawn"})
    (row,) = await store.sources.all()
    assert row.entries == 3
    newest = (await store.rounds.last(source))[0]
    assert (newest.why, newest.body_sha256, newest.listed, newest.delisted) == ("page", b"x" * 32, 1, 1)


async def test_what_came_was_last_seen_then_and_ages_from_there(store: Store, tmp_path: Path) -> None:
    async def seen(connection: Any) -> list[Any]:
        return [row["seen"] for row in await connection.fetch("SELECT seen FROM sighting")]

    await page(store, tmp_path, [1, 2], [], {})
    moments = await store.pool.run(seen)
    assert len(moments) == 2 and None not in moments


async def test_the_cursor_stands_in_the_transaction_of_the_last_rows(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of three transactions, and a kill before the last: rows of two, the cursor of none."""
    source = await source_of(store)
    await store.increments.keep(source, {"since": "0"})
    write: Callable[..., Awaitable[Any]] = increments._write
    done = 0

    async def killed(connection: Any, part: Any) -> Any:
        nonlocal done
        done += 1
        if done == 3:
            raise RuntimeError("killed")
        return await write(connection, part)

    monkeypatch.setattr(increments, "_write", killed)
    with pytest.raises(RuntimeError):
        await page(store, tmp_path, list(range(25)), [], {"since": "1"}, rows=10)
    assert await store.increments.cursor(source) == {"since": "0"}
    (row,) = await store.sources.all()
    assert row.entries == 20
    monkeypatch.setattr(increments, "_write", write)
    assert await page(store, tmp_path, list(range(25)), [], {"since": "1"}, rows=10) == (5, 0)
    assert await store.increments.cursor(source) == {"since": "1"}
    assert len(await whole_log(store)) == 25, "nothing is told twice"


async def test_a_cursor_that_no_json_column_would_take(store: Store) -> None:
    source = await source_of(store)
    await store.increments.keep(source, {"since": "a\0b\ud800"})
    kept = await store.increments.cursor(source)
    assert msgspec.json.encode(kept)


async def test_listed_again_is_another_interval(store: Store, tmp_path: Path) -> None:
    await page(store, tmp_path, [1], [], {})
    await page(store, tmp_path, [], [1], {})
    await page(store, tmp_path, [1], [], {})
    assert len(await store.sightings.history("host1.example.org", max_tlp=Tlp.RED)) == 2
