"""The audit is appended to and read back, newest first."""

from __future__ import annotations

import pytest
from support.stores import START

from tipd.store import audit
from tipd.store.store import Store


async def test_acts_are_read_back_newest_first(store: Store) -> None:
    await store.audit.note("uid 0", "allow.added", "ipv4 192.0.2.1", "ours", {"until": None})
    await store.audit.note("token 1", "allow.removed", "ipv4 192.0.2.1")
    newest, oldest = await store.audit.read()
    assert (newest.action, newest.by, newest.reason, newest.data) == ("allow.removed", "token 1", "", {})
    assert (oldest.action, oldest.subject, oldest.data) == ("allow.added", "ipv4 192.0.2.1", {"until": None})
    assert await store.audit.read(limit=1) == [newest]
    assert await store.audit.read(before=newest.id) == [oldest]
    assert await store.audit.read(before=2**70) == [newest, oldest]


async def test_what_cannot_be_stored_is_replaced_and_what_is_too_long_is_cut(store: Store) -> None:
    await store.audit.note("uid 0", "x", "a\0b", "\ud800" + "r" * 5000)
    (act,) = await store.audit.read()
    assert act.subject == "a\ufffdb"
    assert act.reason == "\ufffd" + "r" * (audit.LONGEST - 1)


async def test_an_act_is_noted_with_what_was_done_or_not_at_all(store: Store) -> None:
    async def act_and_fail(connection) -> None:
        await audit.insert(connection, START, "uid 0", "x", "y")
        raise LookupError("after all")

    with pytest.raises(LookupError):
        await store.writer.write(act_and_fail)
    assert await store.audit.read() == []
