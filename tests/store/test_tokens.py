"""Tokens: shown once, verified from memory, revoked at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import trio
from support.stores import HandClock, open_store

from tipd.store.store import Store


async def test_a_token_is_shown_once_and_kept_as_a_hash(store: Store) -> None:
    token, secret = await store.tokens.create(["read", "stream", "read"], note="siem\0")
    assert re.fullmatch(r"tip_[A-Za-z0-9_-]{43}", secret)
    assert token.scopes == ("read", "stream")
    assert await store.tokens.verify(secret) == (await store.tokens.all())[0]
    rows = await store.pool.run(lambda connection: connection.fetch("SELECT t::text AS row FROM token t"))
    assert secret not in rows[0]["row"]
    assert secret[4:] not in rows[0]["row"]


@pytest.mark.parametrize("text", ["", "tip_", "tip_" + "A" * 43, "\ud800", "x" * 100_000])
async def test_others_are_none(store: Store, text: str) -> None:
    await store.tokens.create(["read"])
    assert await store.tokens.verify(text) is None


async def test_scopes_and_levels_are_known_ones(store: Store) -> None:
    with pytest.raises(ValueError, match="root"):
        await store.tokens.create(["read", "root"])
    with pytest.raises(ValueError, match="none"):
        await store.tokens.create([])
    with pytest.raises(ValueError, match="TLP"):
        await store.tokens.create(["read"], max_tlp="white")
    assert await store.tokens.all() == []


async def test_a_token_expires(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        _, secret = await store.tokens.create(["read"], expires=clock.now() + timedelta(days=1))
        assert await store.tokens.verify(secret)
        clock.move(timedelta(days=1))
        assert await store.tokens.verify(secret) is None


async def test_revoked_is_revoked_at_once(store: Store) -> None:
    token, secret = await store.tokens.create(["read"])
    assert await store.tokens.verify(secret)
    assert await store.tokens.revoke(token.id)
    assert await store.tokens.verify(secret) is None
    assert not await store.tokens.revoke(token.id)
    assert not await store.tokens.revoke("nobody")
    (kept,) = await store.tokens.all()
    assert kept.revoked is not None


async def test_other_processes_hear_of_it(dsn: str, store: Store) -> None:
    async with open_store(dsn) as other:
        token, secret = await other.tokens.create(["read"])
        with trio.fail_after(20):
            while await store.tokens.verify(secret) is None:
                await trio.sleep(0.01)
        await other.tokens.revoke(token.id)
        with trio.fail_after(20):
            while await store.tokens.verify(secret) is not None:
                await trio.sleep(0.01)
    assert await store.tokens.verify(secret) is None


async def test_tokens_that_are_known_are_let_in_while_the_database_is_away(store: Store) -> None:
    _, secret = await store.tokens.create(["read"])
    assert await store.tokens.verify(secret)
    store.tokens.begin_anew()
    store.pool._pulse.available = False
    assert await store.tokens.verify(secret)
    store.pool._pulse.available = True


async def test_what_another_process_revoked_is_known_here(dsn: str) -> None:
    async with open_store(dsn) as here, open_store(dsn) as there:
        token, secret = await here.tokens.create(["read"])
        kept, _ = await here.tokens.create(["read"])
        assert await there.tokens.verify(secret) is not None
        assert await there.tokens.revoked() == frozenset()
        await here.tokens.revoke(token.id)
        with trio.fail_after(20):
            while await there.tokens.revoked() != {token.id}:
                await trio.sleep(0.01)
        assert kept.id not in await there.tokens.revoked()
        assert await there.tokens.verify(secret) is None
