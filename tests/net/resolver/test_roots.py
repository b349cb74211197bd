"""Root servers, shipped and given."""

import ipaddress

import pytest

from tipd.net.resolver.roots import MOST_ROOTS, root_servers, shipped


def test_thirteen_are_shipped_with_both_families() -> None:
    versions = [ipaddress.ip_address(address).version for address in shipped()]
    assert versions == [4, 6] * 13
    assert len(set(shipped())) == 26
    assert root_servers((), 5300)[0] == ("198.41.0.4", 5300)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("127.0.0.1:5300", ("127.0.0.1", 5300)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[2001:DB8::1]:5300", ("2001:db8::1", 5300)),
    ],
)
def test_those_given_replace_them(text: str, server: tuple[str, int]) -> None:
    assert root_servers([text], 53) == (server,)


@pytest.mark.parametrize(
    "text", ["a.root-servers.net", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "", "[::1]:", "[::1", "127.0.0.1]"]
)
def test_what_is_wrong_names_its_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"root_servers: "):
        root_servers([text], 53)


def test_too_many() -> None:
    with pytest.raises(ValueError, match="at most"):
        root_servers(["192.0.2.1"] * (MOST_ROOTS + 1), 53)
