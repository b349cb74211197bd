"""A value that is forgotten stands nowhere any more."""

from __future__ import annotations

import pytest
from support.spamming import batch, file, mail, sha, table, url

from tipd.model.canonical import canonical
from tipd.store.forgetting import Forgotten, Needle
from tipd.store.store import Store

TABLES = (
    "spam_mail",
    "spam_part",
    "spam_relay",
    "spam_campaign_source",
    "spam_campaign_part",
    "spam_campaign_host",
    "spam_refusal",
    "spam_archive",
)


async def everything(store: Store) -> str:
    rows = [str(await table(store, f"SELECT t::text FROM {name} AS t")) for name in TABLES]
    rests = await table(store, "SELECT convert_from(rest, 'UTF8') AS rest FROM spam_mail")
    return f"{rows} {rests}".lower()


async def forget(store: Store, value: str) -> Forgotten:
    targets = await store.forgetting.targets(canonical(value))
    await store.forgetting.block(targets)
    await store.forgetting.withdraw(targets)
    done = Forgotten()
    await store.forgetting.blank(targets, Needle.of(value), done)
    return done


@pytest.mark.parametrize(
    "value",
    [
        "192.0.2.1",
        "www.example.org",
        "example.net",
        "http://b.example.org/about",
        sha("file 1").hex(),
        "jane@example.com",
    ],
)
async def test_it_stands_nowhere_any_more_and_never_comes_back(store: Store, value: str) -> None:
    rows = (
        url(),
        url("*.example.net"),
        url("b.example.org", shape="http://b.example.org/about", example="http://b.example.org/about"),
    )
    rest = f'{{"note":"{value} wrote","from":"jane@example.com"}}'.encode()
    given = batch(
        mail(1, urls=(0, 1, 2), files=(0,), subject=f"of {value}", rest=rest), mail(2), urls=rows, files=(file(1),)
    )
    await store.spam.take(given)
    await store.spam.refused("mx1", "redacted", 1, "fork", f"it said {value}")
    assert value in await everything(store)
    done = await forget(store, value)
    assert done.mentions > 0
    assert value not in await everything(store)
    assert (await forget(store, value)).mentions == 0
    again = [
        mail(n, urls=one.urls, files=one.files, subject=f"again of {value}", rest=rest)
        for n, one in zip((3, 4), given.mails, strict=True)
    ]
    assert (await store.spam.take(batch(*again, urls=rows, files=(file(1),)))).new == 2
    assert value not in await everything(store)


async def test_only_the_mails_that_name_it_lose_their_words(store: Store) -> None:
    await store.forgetting.block(await store.forgetting.targets(canonical("jane@example.com")))
    kept = [(f"offer {n}", b'{"from":"joe@example.com"}') for n in range(500)]
    await store.spam.take(
        batch(
            *(mail(n, keys=(n,), subject=subject, rest=rest) for n, (subject, rest) in enumerate(kept)),
            mail("x", keys=(1000,), subject="hello", rest=b'{"from":"Jane@example.com"}'),
        )
    )
    rows = await table(store, "SELECT subject, rest FROM spam_mail")
    assert sorted((row["subject"], row["rest"]) for row in rows) == sorted([*kept, ("", b"")])
