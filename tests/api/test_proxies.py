"""Whose word about others counts."""

from __future__ import annotations

import pytest

from tipd.api.proxies import Proxies, Seen
from tipd.api.settings import ApiSettings

PROXIES = Proxies(ApiSettings(trusted_proxies=["192.0.2.0/24", "2001:db8::/32", "unix"]))


def headers(*values: str, proto: str = "https") -> list[tuple[bytes, bytes]]:
    return [*[(b"x-forwarded-for", value.encode()) for value in values], (b"X-Forwarded-Proto", proto.encode())]


@pytest.mark.parametrize(
    ("direct", "forwarded", "seen"),
    [
        ("192.0.2.1", ["198.51.100.7"], "198.51.100.7"),
        ("192.0.2.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # the client wrote the first itself
        ("192.0.2.1", ["198.51.100.7", "192.0.2.2"], "198.51.100.7"),
        ("192.0.2.1", ["nonsense"], "192.0.2.1"),
        ("192.0.2.1", [], "192.0.2.1"),
        ("::ffff:192.0.2.1", ["198.51.100.7"], "198.51.100.7"),
        ("2001:db8::1", ["198.51.100.7"], "198.51.100.7"),
        (None, ["198.51.100.7"], "198.51.100.7"),
    ],
)
def test_a_trusted_proxy_is_believed(direct: str | None, forwarded: list[str], seen: str) -> None:
    assert PROXIES.seen(direct, "http", headers(*forwarded)) == Seen(seen, "https")


@pytest.mark.parametrize("direct", ["198.51.100.1", "not an address"])
def test_nobody_else_is(direct: str) -> None:
    assert PROXIES.seen(direct, "http", headers("203.0.113.1")) == Seen(direct, "http")


def test_a_unix_listener_is_trusted_only_by_name() -> None:
    assert Proxies(ApiSettings()).seen(None, "http", headers("203.0.113.1")) == Seen(None, "http")


def test_a_scheme_is_http_or_https() -> None:
    assert PROXIES.seen(None, "http", headers(proto="javascript")).scheme == "http"
