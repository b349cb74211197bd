"""Where to listen, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipd.api.address import TcpAddress, UnixAddress, base_of, parse_listen


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8470", TcpAddress("127.0.0.1", 8470)),
        ("[::1]:0", TcpAddress("::1", 0)),
        ("*:80", TcpAddress("", 80)),
        (":80", TcpAddress("", 80)),
        ("tipd.example.org:443", TcpAddress("tipd.example.org", 443)),
        ("unix:/run/tipd/api.sock", UnixAddress(Path("/run/tipd/api.sock"))),
    ],
)
def test_good_ones(text: str, address: TcpAddress | UnixAddress) -> None:
    assert parse_listen(text) == address
    if "*" not in text:
        assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "8470", "::1:80", "127.0.0.1:", "h:65536", "h:-1", "h:８０", "unix:api.sock", "unix:"]
)
def test_bad_ones_are_shown(text: str) -> None:
    with pytest.raises(ValueError, match="listen"):
        parse_listen(text)


@pytest.mark.parametrize(
    ("names", "secure", "base"),
    [
        (["unix:/run/a.sock", "127.0.0.1:8470"], False, "http://127.0.0.1:8470"),
        (["0.0.0.0:443"], True, "https://127.0.0.1:443"),
        (["[::]:80"], False, "http://[::1]:80"),
        (["[2001:db8::1]:80"], False, "http://[2001:db8::1]:80"),
        (["unix:/run/a.sock"], False, None),
    ],
)
def test_where_a_browser_finds_it(names: list[str], secure: bool, base: str | None) -> None:
    assert base_of(names, secure=secure) == base
