"""A batch on its way in: what is known or may not be stored is left out."""

from __future__ import annotations

from support.spamming import batch, file, mail, sha, table, url

from tipd.model.canonical import canonical
from tipd.store.store import Store


async def test_what_lies_on_a_forgotten_name_is_not_stored(store: Store) -> None:
    for value in ("example.org", sha("file 1").hex()):
        await store.forgetting.block(await store.forgetting.targets(canonical(value)))
    rows = (url("www.example.org"), url("*.example.org"), url("example.net"))
    given = batch(
        mail(1, urls=(0, 1, 2), files=(0, 1), rest=b"{}"), mail(2, urls=(2,)), urls=rows, files=(file(1), file(2))
    )
    assert (await store.spam.take(given)).new == 2
    rows_ = await table(store, "SELECT host, shape FROM spam_part ORDER BY what, host")
    assert [(row["host"], row["shape"]) for row in rows_] == [
        ("example.net", "http://example.net/{t}"),
        ("application/zip", sha("file 2").hex()),
    ]
    assert [len(row["parts"]) for row in await table(store, "SELECT parts FROM spam_mail ORDER BY size, hash")] != []


async def test_mails_of_a_batch_that_is_all_known_change_nothing(store: Store) -> None:
    await store.spam.take(batch(mail(1, urls=(0,)), urls=(url(),)))
    before = await table(store, "SELECT xmin::text AS x FROM spam_campaign_source")
    await store.spam.take(batch(mail(1, urls=(0,), keys=(5,)), urls=(url(),)))
    assert await table(store, "SELECT xmin::text AS x FROM spam_campaign_source") == before


async def test_months_are_made_as_they_are_needed(store: Store) -> None:
    await store.spam.take(batch(mail(1)))
    (row,) = await table(store, "SELECT tableoid::regclass::text AS month FROM spam_mail")
    assert row["month"] == "spam_mail_2026_03"
