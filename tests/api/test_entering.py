"""What somebody reports, read."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.api.entering import Refused, read_entries, read_entry, read_values
from tipd.model.kind import Kind

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def one(**keys):
    (entry,) = read_entry({"value": "192.0.2.1"} | keys, reason="why", by="uid 0", now=NOW)
    return entry


def test_when_it_ends():
    assert one().until is None
    assert one(**{"for": "3d"}).until == NOW + timedelta(days=3)
    assert one(until="2026-11-22T06:00:00+01:00").until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "keys", [{"for": "0s"}, {"for": "-1d"}, {"for": "99999999d"}, {"until": "9999-12-31T23:59:59Z"}]
)
def test_ends_that_cannot_be_meant(keys):
    with pytest.raises(Refused):
        one(**keys)


def test_what_stands_beside_it():
    entry = one(reason="  it\x00 bites ", confidence=0.5, first_seen="2026-11-01", malware="x", tlp="amber+strict")
    assert msgspec.json.decode(entry.context) == {
        "reason": "it bites",
        "reported_by": "uid 0",
        "confidence": 0.5,
        "first_seen": "2026-11-01T00:00:00Z",
        "malware": "x",
    }
    assert entry.tlp == 3


def test_a_kind_decides_where_the_value_does_not():
    (entry,) = read_entry({"value": "64500", "kind": "asn"}, reason="why", by="", now=NOW)
    assert entry.indicator.kind is Kind.ASN


def test_values_to_take_back():
    named, refused = read_values(["192.0.2.0-192.0.2.4", "", None])
    assert [str(each) for each in named[0]] == ["192.0.2.0/30", "192.0.2.4"]
    assert refused == {1: "empty", 2: "a value is text"}


NAMES = st.sampled_from(["value", "for", "until", "tlp", "port", "reason", "x"])


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["value", "for", "until", "tlp", "port", "reason", "x"]), inner, max_size=5
                )
            ),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_whatever_is_reported_is_taken_or_refused(raw):
    read = read_entries(raw, reason="why", by="uid 0", now=NOW)
    assert sorted([*read.entries, *read.refused]) == list(range(len(raw)))
    assert all(read.refused.values())
