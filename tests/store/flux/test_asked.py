"""What somebody asks about, read from text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.indicator import RefusedValue
from tipd.store.flux.asked import read


@pytest.mark.parametrize(
    ("text", "kind", "value", "first", "last"),
    [
        ("192.0.2.1", "ipv4", "192.0.2.1", "192.0.2.1", "192.0.2.1"),
        (" 10.0.0.1 ", "ipv4", "10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("2001:DB8::1", "ipv6", "2001:db8::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "ipv4", "192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.77/24", "network", "192.0.2.0/24", "192.0.2.0", "192.0.2.255"),
        ("192.0.2.1/32", "ipv4", "192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8::/126", "network", "2001:db8::/126", "2001:db8::", "2001:db8::3"),
        ("0.0.0.0/0", "network", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("Example.ORG.", "domain", "example.org", "", ""),
        ("as-host.example.org", "domain", "as-host.example.org", "", ""),
        ("as5.example.org", "domain", "as5.example.org", "", ""),
    ],
)
def test_values_are_made_canonical(text: str, kind: str, value: str, first: str, last: str) -> None:
    assert read(text)[:2] == (kind, value)
    assert (read(text).first, read(text).last) == (first, last)


@pytest.mark.parametrize("text", ["AS64500", "as64500", "64500", "AS 64500"])
def test_as_numbers_are_read_in_every_form(text: str) -> None:
    assert read(text)[:3] == ("asn", "AS64500", 64500)


@pytest.mark.parametrize("text", ["", "x", "localhost", "1.2.3.4/33", "a..b", "AS4294967296", "1.2.3/8", "http://x.y/"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(RefusedValue):
        read(text)


@given(st.text(max_size=40))
def test_whatever_it_is_it_is_read_or_refused(text: str) -> None:
    try:
        once = read(text)
    except RefusedValue:
        return
    assert read(once.value) == once
