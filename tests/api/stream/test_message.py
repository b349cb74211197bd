"""Messages are encoded once, whoever reads them."""

from __future__ import annotations

import msgspec
from support.api import finding
from support.api_hub import EVERYTHING, kinds

from tipd.api.stream import frames
from tipd.api.stream.message import Batch, findings_message, gap_message


def test_each_filter_gets_its_findings_and_the_same_cursor() -> None:
    batch = Batch([finding(1), finding(2, "source.degraded"), finding(3)], 9)
    everything = batch.for_choice(EVERYTHING)
    rare = batch.for_choice(kinds("source.degraded", "flux.node"))
    assert everything is not None
    assert rare is not None
    told = msgspec.json.decode(rare.text)
    assert (told["type"], told["last"], [one["seq"] for one in told["findings"]]) == ("findings", 9, [2])
    assert len(msgspec.json.decode(everything.text)["findings"]) == 3
    assert everything.frame == frames.text(everything.text)
    assert batch.for_choice(EVERYTHING) is everything
    assert batch.for_choice(kinds("flux.node")) is None


def test_the_other_messages() -> None:
    assert msgspec.json.decode(gap_message(7).text) == {"type": "gap", "since": 7}
    assert msgspec.json.decode(findings_message((), 7).text) == {"type": "findings", "findings": [], "last": 7}
