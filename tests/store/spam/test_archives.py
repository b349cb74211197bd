"""Archives: what they held is known for good, also when the rows of the mails are gone."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, declare, mail, sha, table
from support.stores import HandClock

from tipd.model.spam import ArchiveMark
from tipd.model.tlp import Tlp
from tipd.store.store import Store


def mark(members: int, *, done: bool = True, name: str = "2026.7z") -> ArchiveMark:
    return ArchiveMark(archive="mx1", name=name, sha256=sha(members), members=members, done=done, stamp="etag")


async def test_a_grown_archive_yields_what_is_new_even_after_a_year(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(mail(1), mail(2), member="2026.7z"))
    await store.spam.take(batch(mail(3), archive=mark(3)))
    clock.move(timedelta(days=200))
    pruned = await store.spam.prune(timedelta(days=30))
    assert "spam_mail_2026_03" in pruned.months
    assert await store.spam.known([sha(1)]) == set()
    assert await store.spam.known([sha(1), sha(3), sha(4)], source="mx1", member="2026.7z") == {sha(1), sha(3)}
    taken = await store.spam.take(batch(mail(1), mail(2), mail(3), mail(4), archive=mark(4)))
    assert (taken.new, taken.known) == (1, 3)
    assert await store.spam.marks("mx1") == {"2026.7z": mark(4)}
    assert (await store.spam.take(batch(mail(1), archive=mark(1, name="other.7z")))).new == 1


async def test_marks_are_of_one_source(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.GREEN)
    await store.spam.take(batch(archive=mark(3, done=False)))
    assert await store.spam.marks("mx1") == {"2026.7z": mark(3, done=False)}
    assert await store.spam.marks("mx2") == {}


async def test_a_mail_takes_eight_bytes_to_be_known(store: Store) -> None:
    await store.spam.take(batch(*(mail(n) for n in range(500)), member="x"))
    (row,) = await table(store, "SELECT length(hashes) AS bytes FROM spam_archived")
    assert row == {"bytes": 4000}
