"""Many texts at once give exactly what they give one by one."""

import ipaddress

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tipd.model.canonical import read
from tipd.model.canonical.suffix import rules
from tipd.model.indicator import RefusedValue
from tipd.model.key import unsigned_key_of
from tipd.model.kind import KIND_OF, Kind
from tipd.modules.blacklist.reading.batch import BatchReader, Texts, text_of

SEED = 0xFEDCBA9876543210
octet = st.integers(0, 300).map(str) | st.sampled_from(["0", "00", "01", "255", "256", "", "1e", "10", "127", "192"])
quad = st.lists(octet, min_size=3, max_size=5).map(".".join)
slashed = st.builds(
    "{}/{}".format, quad | st.ip_addresses(v=4).map(str), st.integers(0, 40) | st.sampled_from(["08", ""])
)
label = st.text(alphabet="abz09-_xn", min_size=0, max_size=8) | st.sampled_from(["xn--p1ai", "a" * 63, "a" * 64])
name = st.builds(
    "{}.{}".format,
    st.lists(label, min_size=1, max_size=4).map(".".join),
    st.sampled_from(
        ["com", "org", "co.uk", "ck", "github.io", "local", "localhost", "9a", "x-", "kawasaki.jp", "arpa"]
    ),
)
suffix = st.sampled_from(sorted(rules().names)) | st.sampled_from(sorted(rules().wildcards)).map("www.{}".format)
digest = st.sampled_from([32, 40, 64, 41]).flatmap(
    lambda size: (
        st.text(alphabet="0123456789abcdef", min_size=size, max_size=size)
        | st.sampled_from("0aF").map(lambda digit: digit * size)
    )
)
anything = st.one_of(
    quad, slashed, name, suffix, digest, st.ip_addresses().map(str), st.ip_addresses(v=4).map(str), st.text(max_size=30)
).map(lambda text: text.replace("\n", ""))
kinds = st.sampled_from(
    [frozenset(Kind), *(frozenset({kind}) for kind in Kind), frozenset({Kind.IPV4, Kind.CERT_SHA1})]
)


def one_by_one(values, wanted):
    found, refused, ports = set(), [], {}
    for row, raw in enumerate(values):
        try:
            reading = read(text_of(raw), wanted)
        except RefusedValue as refusal:
            refused.append((row, refusal.reason))
            continue
        found |= {(row, indicator.kind, indicator.value) for indicator in reading.indicators}
        if reading.port is not None:
            ports[row] = reading.port
    return found, refused, ports


@given(st.lists(anything, max_size=12), kinds)
@example(
    ["d41d8cd98f00b204e9800998ecf8427e", "0" * 32, "1.2.3.4", "", "a.b", "..", ".", "1.2.3.0/24", "/"], frozenset(Kind)
)
@example(
    ["9.255.255.0/24", "10.0.0.0/24", "8.0.0.0/7", "11.0.0.0/8", "8.8.8.8/32", "8.8.8.8/31"], frozenset({Kind.NETWORK})
)
@example([], frozenset(Kind))
def test_the_same_as_one_by_one(texts, wanted):
    values = [text.encode("utf-8", "replace") for text in texts]
    result = BatchReader(wanted, SEED).read(values)
    found, refused, ports = one_by_one(values, wanted)
    assert {
        (row, KIND_OF[group.code], value.decode())
        for group in result.groups
        for row, value in zip(group.rows.tolist(), group.values, strict=True)
    } == found
    assert sorted(result.refused) == refused
    assert result.ports == ports
    for group in result.groups:
        expected = [unsigned_key_of(SEED, KIND_OF[group.code], value.decode()) for value in group.values]
        assert group.keys.tolist() == expected


@given(st.lists(st.ip_addresses(v=4), min_size=1, max_size=50))
def test_ordinary_addresses_take_the_fast_way(addresses):
    values = [str(ipaddress.IPv4Address(int(address) % 0x50000000 + 0x0B000000)).encode() for address in addresses]
    groups = BatchReader(frozenset(Kind), SEED).read(values).groups
    assert [len(group.values) for group in groups if group.code == 1] == [len(values)]
    assert np.array_equal(np.sort(groups[0].rows), np.arange(len(values)))


def test_names_networks_and_digests_take_the_fast_way():
    values = [b"a-b.example.org", b"192.0.2.0/24", b"198.51.100.128/25", b"mail.example.com", b"0" * 31 + b"1"]
    recognised = BatchReader(frozenset(Kind), SEED)._recognised(Texts(values))
    assert [(code, row) for code, found in recognised for row in found.tolist()] == [
        (3, 1),
        (3, 2),
        (4, 0),
        (4, 3),
        (8, 4),
    ]
