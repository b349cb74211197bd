"""What spam says of one indicator."""

from __future__ import annotations

import pytest
from support.spam import FakeSpam, campaign, fill

from tipd.api.spam_about import MOST_CAMPAIGNS, trapped
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp


@pytest.fixture
def spam() -> FakeSpam:
    spam = FakeSpam()
    fill(spam)
    return spam


async def test_an_address_that_handed_mails_over(spam: FakeSpam) -> None:
    summary, mails, campaigns = await trapped(spam, Indicator(Kind.IPV4, "198.51.100.7"), Tlp.GREEN)
    assert summary is not None and mails is not None and campaigns is not None
    assert (summary.mails, summary.how, summary.sources) == (5, ["relay"], ["mx1"])
    assert (len(mails), [one.campaign for one in campaigns]) == (5, ["0000000000000001"])


async def test_what_is_above_the_mark_is_as_if_it_were_not_there(spam: FakeSpam) -> None:
    hidden, unknown = Indicator(Kind.IPV4, "203.0.113.66"), Indicator(Kind.IPV4, "203.0.113.67")
    assert await trapped(spam, hidden, Tlp.AMBER) == await trapped(spam, unknown, Tlp.AMBER) == (None, [], [])
    assert (await trapped(spam, hidden, Tlp.RED))[0] is not None


@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.ASN, Kind.EMAIL, Kind.MD5, Kind.SHA1])
async def test_kinds_no_mail_tells_of(spam: FakeSpam, kind: Kind) -> None:
    assert await trapped(spam, Indicator(kind, "x"), Tlp.RED) == (None, None, None)
    assert spam.asked == []


async def test_very_many_campaigns_are_cut(spam: FakeSpam) -> None:
    found, mark = spam.about["198.51.100.7"]
    many = tuple(campaign(key) for key in range(100))
    spam.about["198.51.100.7"] = (type(found)(mails=1, first=found.first, last=found.last, campaigns=many), mark)
    _, _, campaigns = await trapped(spam, Indicator(Kind.IPV4, "198.51.100.7"), Tlp.GREEN)
    assert campaigns is not None
    assert len(campaigns) == MOST_CAMPAIGNS
