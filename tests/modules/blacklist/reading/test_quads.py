"""Addresses and networks recognised over joined bytes (that they agree with the long way: test_batch.py)."""

import pytest

from tipd.modules.blacklist.reading import quads
from tipd.modules.blacklist.reading.batch import Texts


def test_addresses():
    values = [
        b"192.0.2.1",
        b"192.0.2.01",
        b"10.0.0.1",
        b"1.2.3",
        b"255.1.1.1",
        b"223.255.255.255",
        b"1.2.3.4/8",
        b"1.2.3.4.5",
    ]
    assert quads.addresses(Texts(values)).tolist() == [0, 5]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (b"192.0.2.0/24", True),
        (b"44.0.0.0/8", True),
        (b"192.0.2.2/31", True),
        (b"192.0.2.1/24", False),  # host bits: the long way
        (b"192.0.2.1/32", False),  # an address: the long way
        (b"192.0.2.0/08", False),
        (b"8.0.0.0/7", False),
        (b"192.0.2.0/33", False),
        (b"172.0.0.0/8", False),
        (b"192.0.2.0//4", False),
        (b"192.0.2/4.0/24", False),
    ],
)
def test_networks(text, taken):
    assert quads.networks(Texts([b"x", text])).tolist() == ([1] if taken else [])


def test_nothing():
    assert quads.addresses(Texts([])).tolist() == []
    assert quads.networks(Texts([b"", b"x"])).tolist() == []
