"""Origins; who may do what, `test_app.py` asks through every route."""

from __future__ import annotations

import base64

import pytest
from support.api import Served

from tipd.api.auth import same_origin


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "ours"),
    [
        ("http://127.0.0.1:8470", "http", "127.0.0.1:8470", True),
        ("http://LOCALHOST:8470", "ws", "localhost:8470", True),
        ("https://tipd.example.org", "wss", "tipd.example.org", True),
        ("https://allowed.example.org", "http", "127.0.0.1:8470", True),
        ("http://127.0.0.1:8471", "http", "127.0.0.1:8470", False),
        ("https://127.0.0.1:8470", "http", "127.0.0.1:8470", False),
        ("http://127.0.0.1:8470.evil.example.org", "http", "127.0.0.1:8470", False),
        ("null", "http", "127.0.0.1:8470", False),
        (None, "http", "127.0.0.1:8470", False),
        ("http://127.0.0.1:8470", "http", None, False),
        ("http://", "http", "", False),
    ],
)
def test_an_origin_is_ours_or_not(origin: str | None, scheme: str, host: str | None, ours: bool) -> None:
    assert same_origin(origin, scheme, host, ["https://allowed.example.org"]) is ours


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer tip_read", 200),
        (basic("anybody:tip_read"), 200),
        (basic(":tip_read").replace("Basic", "bAsIc"), 200),
        (basic("tip_read"), 401),
        (basic("tip_read:"), 401),
        (basic("a:tip_read:"), 401),
        ("Basic tip_read", 401),
        ("Basic " + "A" * 5000, 401),
        (basic("a:t\u00efp"), 401),
        ("Digest tip_read", 401),
        ("", 401),
    ],
)
async def test_a_token_as_a_password(api: Served, header: str, status: int) -> None:
    answer = await api.ask("GET", "/api/v1/status", token=None, headers={"Authorization": header})
    assert answer.status == status
