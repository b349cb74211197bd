"""The facade: large withdrawals, and names known by the thousand."""

from __future__ import annotations

import pytest
from support.spamming import batch, mail, sha
from support.stores import whole_log

from tipd.model.finding import NewFinding
from tipd.store.store import Store


async def test_what_withdraws_more_than_a_transaction_may_hold_is_done_in_parts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipd.store.spam.spam.MOST_MAILS", 3)
    told = NewFinding(kind="agent.version", module="spamtrap", source="mx1")
    await store.spam.take(batch(*(mail(n) for n in range(10))))
    taken = await store.spam.take(
        batch(mail(20), mail(21), withdraws=(*(sha(n) for n in range(8)), sha(20)), findings=(told,))
    )
    assert (taken.new, taken.withdrawn) == (2, 9)
    assert await store.spam.known([sha(n) for n in (0, 7, 8, 9, 20, 21)]) == {sha(8), sha(9), sha(21)}
    assert [one.kind for one in await whole_log(store)].count("agent.version") == 1


async def test_names_are_known_by_the_thousand(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.store.spam.spam.MOST_HASHES", 7)
    await store.spam.take(batch(*(mail(n) for n in range(0, 50, 2))))
    assert await store.spam.known({sha(n) for n in range(50)}) == {sha(n) for n in range(0, 50, 2)}
    with pytest.raises(ValueError, match="32 bytes"):
        await store.spam.known([b"x"])


async def test_a_batch_of_nothing_is_nothing(store: Store) -> None:
    taken = await store.spam.take(batch())
    assert (taken.new, taken.known, taken.withdrawn) == (0, 0, 0)
