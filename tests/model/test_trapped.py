"""What the store tells of spam travels as JSON does, and campaigns have names."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.tlp import Tlp
from tipd.model.trapped import CampaignDetail, CampaignRow, CampaignUrl, DayCount, campaign_key, campaign_name

START = datetime(2026, 11, 22, 4, tzinfo=UTC)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_a_campaign_is_known_by_its_name(key: int) -> None:
    name = campaign_name(key)
    assert len(name) == 16
    assert campaign_key(name) == key


@pytest.mark.parametrize("name", ["", "0" * 15, "ABCDEF0123456789", "-" + "0" * 15, "٣" * 16, "0" * 16 + "\n"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="16 hex digits"):
        campaign_key(name)


def test_a_campaign_survives_a_journey() -> None:
    row = CampaignRow(key=-1, first=START, last=START, mails=12, subject="\x1b[31m", sources=("mx1",), tlp=Tlp.AMBER)
    url = CampaignUrl(
        host="*.example.org", shape="http://*.example.org/{t}", example="", first=START, last=START, count=3
    )
    detail = CampaignDetail(row=row, days=(DayCount(day=date(2026, 11, 22), mails=12),), urls=(url,), merged=(7,))
    assert msgspec.json.decode(msgspec.json.encode(detail), type=CampaignDetail) == detail
