"""The section `[net]`."""

from typing import Any

import msgspec
import pytest

from tipd.net.request import Limits
from tipd.net.settings import NetSettings, name_servers


def test_defaults_work_and_are_the_limits() -> None:
    assert NetSettings().limits() == Limits()
    assert NetSettings().spacing_seconds() == 1.0


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"deadline": "soon"}, "deadline: not a duration"),
        ({"deadline": "0s"}, "deadline: must be longer"),
        ({"max_body": "much"}, "max_body: not a size"),
        ({"max_ratio": 1}, "max_ratio"),
        ({"allow_networks": ["10.0.0.1/8"]}, "allow_networks: .*host bits"),
        ({"resolvers": []}, "resolvers"),
        ({"resolvers": ["127.0.0.1"]}, "host:port"),
        ({"resolvers": ["127.0.0.1:0"]}, "host:port"),
        ({"resolvers": ["dns.example.org:53"]}, "is not an address"),
        ({"resolvers": ["system", "127.0.0.1:53"]}, "host:port"),
        ({"proxy": "https://10.0.0.1:3128"}, "only plain HTTP proxies"),
        ({"proxy": "10.0.0.1:3128"}, "proxy: "),
        ({"proxy": "http://u:sesame@10.0.0.1:3128"}, "user name or a password"),
        ({"contact": "me (or you)"}, "contact"),
        ({"root_servers": ["a.root-servers.net"]}, "root_servers: .*is not an address"),
        ({"authority_port": 0}, "authority_port: 0 is not a port"),
        ({"authority_rate": 0}, "authority_rate: must be at least 1"),
        ({"walled_gardens": ["192.0.2.1/24"]}, "walled_gardens: .*host bits"),
        ({"policy_zones": ["."]}, "policy_zones: "),
        ({"spacings": "1s"}, "unknown field"),
    ],
)
def test_what_is_wrong_names_its_key(table: dict[str, Any], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why) as caught:
        msgspec.convert(table, NetSettings)
    assert "sesame" not in str(caught.value)


def test_name_servers() -> None:
    assert name_servers(("system",)) == ()
    assert name_servers(("127.0.0.1:5353", "[::1]:53")) == (("127.0.0.1", 5353), ("::1", 53))
