"""What the store tells of tracked names travels as JSON does."""

from datetime import UTC, datetime

import msgspec

from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp
from tipd.model.tracked import Tracked, TrackedDetail

START = datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_a_row_survives_a_journey() -> None:
    row = Tracked(
        name="flux.example.org",
        apex="example.org",
        state=State.CONFIRMED,
        tier=Tier.LIKELY,
        reason="two of three windows",
        since=START,
        added=START,
        tags=("abc",),
        tlp=Tlp.AMBER,
        holz=21180,
    )
    detail = TrackedDetail(row=row, verdict={"tier": "likely"})
    assert msgspec.json.decode(msgspec.json.encode(detail), type=TrackedDetail) == detail
