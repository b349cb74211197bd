"""What a batch adds up to, where it has more of everything than is kept."""

from __future__ import annotations

from support.spamming import batch, mail, table, url

from tipd.store.spam.shares import MOST_HOSTS, MOST_URLS
from tipd.store.store import Store

MANY = 10_000


async def test_a_name_of_its_own_for_each_mail_is_stored_within_the_deadline(store: Store) -> None:
    mails = [mail(number, urls=(number,)) for number in range(MANY)]
    urls = tuple(url(f"x{number}.example", "p") for number in range(MANY))
    assert (await store.spam.take(batch(*mails, urls=urls))).new == MANY
    (row,) = await table(store, "SELECT urls, urls_cut, hosts, hosts_cut FROM spam_campaign_source")
    assert row == {"urls": MOST_URLS, "urls_cut": MANY - MOST_URLS, "hosts": MOST_HOSTS, "hosts_cut": MANY - MOST_HOSTS}


async def test_a_mail_names_only_what_is_kept_with_it(store: Store) -> None:
    mails = [mail(number, urls=(0, number + 1)) for number in range(MOST_HOSTS + 10)]
    urls = (url("all.example"), *(url(f"x{number}.example", "p") for number in range(MOST_HOSTS + 10)))
    await store.spam.take(batch(*mails, urls=urls))
    named = await table(store, "SELECT array_length(parts, 1) AS parts, count(*) AS mails FROM spam_mail GROUP BY 1")
    counted = {row["parts"]: row["mails"] for row in named}
    assert counted.keys() == {1, 2} and sum(counted.values()) == len(mails)
    assert 1 <= counted[1] <= 11  # those whose own host found no room, nor its URL
    kept = await table(
        store,
        "SELECT p.what, count(DISTINCT p.hash) AS parts FROM spam_mail AS m CROSS JOIN unnest(m.parts) AS u (part)"
        " JOIN spam_part AS p ON p.hash = u.part GROUP BY 1 ORDER BY 1",
    )
    parts = {row["what"]: row["parts"] for row in kept}
    assert parts[1] == MOST_URLS
    assert parts[0] <= MOST_HOSTS
