"""Archives and agents, and what they took in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.spamming import declare, fill
from support.stores import START, HandClock

from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)
RED = Tlp.RED


async def test_traps_tell_what_they_took_in(store: Store, clock: HandClock) -> None:
    store.spam.asn_of = {"192.0.2.1": 64500}.get
    await fill(store)
    found = await store.spam.spamtraps(days=3, max_tlp=Tlp.GREEN)
    (trap,) = found.traps
    assert (trap.name, trap.kind, trap.mails, trap.traps, trap.last) == ("mx1", "archive", 3, 2, START)
    assert (trap.first, trap.entries) == (START - 50 * HOUR, 2)
    assert [(one.day.day, one.mails) for one in found.days] == [(13, 1), (14, 0), (15, 2)]
    assert found.classes == (("spam", 2), ("bounce", 1))
    assert found.defects == (("long_field", 1),)
    assert [(one.asn, one.mails, one.addresses) for one in found.networks] == [(64500, 2, 1), (0, 1, 1)]
    clock.move(timedelta(days=30))
    assert sum(one.mails for one in (await store.spam.spamtraps(days=3, max_tlp=Tlp.GREEN)).days) == 0


async def test_agents_are_told_of_before_anything_came(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.RED)
    assert await store.spam.agents(max_tlp=RED) == []
    await store.spam.agent("mx1", view="redacted", there=7, key=b"k" * 32, pinned=True)
    await store.spam.refused("mx2", "full", 3, "fork", "another version 3")
    (one,) = await store.spam.agents(max_tlp=Tlp.GREEN)
    assert (one.name, one.view, one.last, one.last_there, one.pinned) == ("mx1", "redacted", 0, 7, True)
    other = (await store.spam.agents(max_tlp=RED))[1]
    assert (other.name, other.refused, other.refused_number, other.detail) == ("mx2", "fork", 3, "another version 3")
    with pytest.raises(ValueError, match="no agent"):
        await store.spam.agent("nobody", there=1)
