"""One thing known, as a file says it."""

import msgspec
import pytest

from tipd.modules.spamtrap.knowledge.entry import Entry, block_of


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"host": ["Evil.example"]}, "host: 'Evil.example' is no name"),
        ({"name": ["a b"]}, "name: "),
        ({"domain": [""]}, "domain: "),
        ({"network": ["192.0.2.1"]}, "network: '192.0.2.1' is no network"),
        ({"network": ["192.0.2.0/99"]}, "network: "),
    ],
)
def test_faults_name_their_key(said, fault):
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert({"reason": "x"} | said, Entry)


def test_networks_are_numbers():
    assert block_of("192.0.2.0/24") == (32, 0xC0000200, 0xC00002FF)
    assert block_of("2001:db8::/32")[0] == 128
