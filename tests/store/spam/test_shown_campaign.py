"""One campaign with what is kept of it."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, fill, mail, sha
from support.stores import START

from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)
RED = Tlp.RED


async def test_one_campaign_tells_what_is_kept_of_it(store: Store) -> None:
    await fill(store)
    await store.spam.take(batch(mail(9, keys=(1, 7), at=START)))
    found = await store.spam.campaign(7, max_tlp=Tlp.GREEN)
    assert found is not None
    assert found == await store.spam.campaign(1, max_tlp=Tlp.GREEN)
    assert [(day.day.day, day.mails) for day in found.days] == [(13, 1), (15, 3)]
    assert [(one.host, one.count) for one in found.urls] == [("www.example.org", 2), ("*.example.net", 1)]
    assert [(one.host, one.count, one.shapes) for one in found.hosts] == [
        ("www.example.org", 2, 1),
        ("*.example.net", 1, 1),
    ]
    assert [(one.sha256, one.name, one.count) for one in found.attachments] == [(sha("file 1").hex(), "1.zip", 1)]
    assert [(one.address, one.count) for one in found.relays] == [("192.0.2.1", 3), ("192.0.2.2", 1)]
    assert [(one.trap, one.mails) for one in found.traps] == [("01" * 8, 3), ("02" * 8, 1)]
    assert (found.subjects, found.merged, found.more) == (("Your parcel",), (7,), False)
    assert await store.spam.campaign(12345, max_tlp=RED) is None
    assert await store.spam.campaign(1, max_tlp=Tlp.CLEAR) is None
