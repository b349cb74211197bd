"""Which mails are stored already."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, declare, mail, sha
from support.stores import HandClock

from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_a_mail_is_known_by_its_whole_name_and_by_whom(store: Store, clock: HandClock) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.GREEN)
    await store.spam.take(batch(mail(1)))
    clock.move(timedelta(days=31))  # another month of rows
    await store.spam.take(batch(mail(2), mail(1), source="mx2"))
    near = sha(1)[:-1] + bytes([sha(1)[-1] ^ 1])
    assert await store.spam.known([sha(1), sha(2), near]) == {sha(1), sha(2)}
    assert await store.spam.known([sha(1), sha(2)], source="mx1") == {sha(1)}
    assert await store.spam.known([], source="mx1") == set()
