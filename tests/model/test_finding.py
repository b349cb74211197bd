"""The finding as every client reads it (blueprint, section 6)."""

import json
from datetime import UTC, datetime

from tipd.model.finding import Finding, encode
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind


def finding(**more):
    return Finding(
        seq=17,
        at=datetime(2026, 11, 22, 4, tzinfo=UTC),
        kind="indicator.listed",
        module="blacklist",
        source="ipsum",
        subject=Indicator(Kind.IPV4, "198.51.100.7"),
        data={},
        **more,
    )


def test_the_shape_of_the_blueprint():
    assert json.loads(encode(finding())) == {
        "seq": 17,
        "at": "2026-11-22T04:00:00Z",
        "kind": "indicator.listed",
        "module": "blacklist",
        "source": "ipsum",
        "subject": {"kind": "ipv4", "value": "198.51.100.7"},
        "data": {},
    }


def test_more_keys_only_where_they_apply():
    shown = json.loads(encode(finding(initial=True, watches=["mine"], tlp="amber")))
    assert (shown["initial"], shown["watches"], shown["tlp"]) == (True, ["mine"], "amber")
