"""The address of an HTTP proxy."""

import pytest

from tipd.model.proxy import proxy_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://10.0.0.1:3128", ("10.0.0.1", 3128)),
        ("http://proxy.example.org", ("proxy.example.org", 80)),
        ("http://[2001:db8::1]:8080/", ("2001:db8::1", 8080)),
    ],
)
def test_host_and_port(text, address):
    assert proxy_address(text) == address


@pytest.mark.parametrize(
    "text", ["10.0.0.1:3128", "https://10.0.0.1", "socks5://10.0.0.1", "http://10.0.0.1/path", "http://10.0.0.1/?q", ""]
)
def test_what_is_not_spoken_to_is_refused(text):
    with pytest.raises(ValueError, match="proxy"):
        proxy_address(text)


def test_a_password_is_refused_and_not_repeated():
    with pytest.raises(ValueError, match="password") as refusal:
        proxy_address("http://user:hunter2@10.0.0.1:3128")
    assert "hunter2" not in str(refusal.value)
