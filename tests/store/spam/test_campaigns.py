"""What belongs together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.spamming import batch, mail, table

from tipd.store.spam import campaigns
from tipd.store.store import Store

LISTS = st.dictionaries(
    st.integers(0, 20), st.lists(st.integers(0, 12), min_size=1, max_size=4).map(tuple), max_size=12
)
OWNERS = st.dictionaries(st.integers(0, 12), st.integers(100, 104), max_size=8)


@given(LISTS, OWNERS)
def test_groups_are_what_has_keys_or_campaigns_in_common(
    lists: dict[int, tuple[int, ...]], owners: dict[int, int]
) -> None:
    groups = campaigns.grouped(lists, owners)
    assert sorted(number for group in groups for number in group.lists) == sorted(lists)
    for group in groups:
        assert set(group.keys) == {key for number in group.lists for key in lists[number]}
        assert group.campaigns == {owners[key] for key in group.keys if key in owners}
        if len(group.lists) > 1:  # nobody in it stands alone
            for number in group.lists:
                rest = [lists[other] for other in group.lists if other != number]
                others = {key for keys in rest for key in keys}
                shared = {owners.get(key) for key in others} - {None}
                assert any(key in others or owners.get(key) in shared for key in lists[number])
    for one in groups:
        for other in groups:
            assert one is other or not (set(one.keys) & set(other.keys) or one.campaigns & other.campaigns)


async def test_a_campaign_has_only_so_many_keys(store: Store) -> None:
    many = [mail(n, keys=(1, 1000 + n)) for n in range(campaigns.MOST_KEYS + 5)]
    await store.spam.take(batch(*many))
    (row,) = await table(store, "SELECT keys, keys_cut FROM spam_campaign")
    assert row == {"keys": campaigns.MOST_KEYS, "keys_cut": 6}
    assert (await table(store, "SELECT count(*) AS n FROM spam_key")) == [{"n": campaigns.MOST_KEYS}]
    assert (await store.spam.take(batch(mail("x", keys=(1, -5))))).campaigns == 0
