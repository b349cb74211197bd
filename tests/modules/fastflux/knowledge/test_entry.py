"""A piece of knowledge: what it may say and what is refused."""

import pytest

from tipd.modules.fastflux.knowledge.entry import Entry, block_of, canonical_suffix


def test_suffixes_are_canonical() -> None:
    assert canonical_suffix("cname", "*.CDN.Example.") == "cdn.example"
    assert canonical_suffix("ns", ".cdn.example") == "cdn.example"


def test_a_network_may_be_an_address() -> None:
    assert block_of("192.0.2.1").prefix == 32
    assert block_of("2001:db8::1").prefix == 128
    assert block_of("192.0.2.77/24").first == 0xC0000200


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"reason": "", "name": ("a.example",)}, "reason"),
        ({"reason": "x"}, "gives none"),
        ({"reason": "x", "cname": ("not a name",)}, "cname: 'not a name'"),
        ({"reason": "x", "asn": (0,)}, "asn: 0"),
        ({"reason": "x", "asn": (2**32,)}, "asn: 4294967296"),
        ({"reason": "x", "network": ("192.0.2",)}, "network: '192.0.2' is no network"),
        ({"reason": "x", "network": ("0.0.0.0/0",)}, "too wide"),
    ],
)
def test_what_cannot_be_used_is_refused_by_key(keys, said) -> None:
    with pytest.raises(ValueError, match=said):
        Entry(**keys)
