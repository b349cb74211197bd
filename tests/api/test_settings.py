"""The section `[api]`."""

from __future__ import annotations

import msgspec
import pytest

from tipd.api.settings import ApiSettings, limits_of


def test_the_defaults_work() -> None:
    limits = limits_of(ApiSettings())
    assert (limits.max_body, limits.ping_every, limits.stop_grace) == (8 * 2**20, 30.0, 3.0)
    assert [str(one) for one in ApiSettings().addresses()] == ["127.0.0.1:8470"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("listen", "nowhere"),
        ("listen", ["127.0.0.1:1", "x"]),
        ("trusted_proxies", ["10.0.0.1/8"]),
        ("allowed_origins", ["tipd.example.org"]),
        ("allowed_origins", ["https://tipd.example.org/"]),
        ("max_readers", 0),
        ("max_body", "0"),
        ("max_body", "much"),
        ("stop_grace", "6s"),
        ("head_timeout", "0s"),
        ("ping_every", "soon"),
        ("tls_cert_file", "/etc/tipd/cert.pem"),
    ],
)
def test_what_is_wrong_is_named(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=key):
        msgspec.convert({key: value}, ApiSettings)


def test_unknown_keys_are_errors() -> None:
    with pytest.raises(msgspec.ValidationError, match="listn"):
        msgspec.convert({"listn": "x"}, ApiSettings)
