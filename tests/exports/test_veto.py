"""Nothing that is allowed leaves in an export, and everything else does."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from support.export_rows import row

from tipd.exports.veto import without_allowed
from tipd.model.allow import Allowance, AllowList
from tipd.model.canonical import canonical

NETWORKS = st.builds(
    lambda host, length: str(ipaddress.ip_network((f"192.0.2.{host}", length), strict=False)).removesuffix("/32"),
    st.integers(0, 255),
    st.integers(24, 32),
)


def allowing(*texts: str) -> AllowList:
    found = [canonical(text, poison=False) for text in texts]
    now = datetime(2026, 3, 15, tzinfo=UTC)
    return AllowList.of(Allowance(kind=one.kind, value=one.value, reason="ours", by="me", created=now) for one in found)


def test_rows_are_left_out_or_carved() -> None:
    rows = [
        row("network", "198.51.100.0/30"),
        row("ipv4", "198.51.100.2"),
        row("domain", "a.example.org"),
        row("url", "http://example.net/x"),
        row("domain", "example.com"),
    ]
    left = list(without_allowed(rows, allowing("198.51.100.2", "example.org", "http://example.net/x")))
    assert [(one.kind, one.value) for one in left] == [
        ("network", "198.51.100.0/31"),
        ("ipv4", "198.51.100.3"),
        ("domain", "example.com"),
    ]
    assert {one.sources for one in left} == {rows[0].sources}
    assert list(without_allowed(rows, allowing("203.0.113.0/24"))) == rows


@given(st.lists(NETWORKS, max_size=5), st.lists(NETWORKS, max_size=5))
def test_no_allowed_address_is_left_and_no_other_is_lost(listed: list[str], allowed: list[str]) -> None:
    rows = [row(canonical(value).kind.value, value) for value in listed]
    left = {address for one in without_allowed(rows, allowing(*allowed)) for address in ipaddress.ip_network(one.value)}
    was = {address for value in listed for address in ipaddress.ip_network(value)}
    assert left == was - {address for value in allowed for address in ipaddress.ip_network(value)}
