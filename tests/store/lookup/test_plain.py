"""The bulk reading of plain values must agree with the canonical form in everything it takes."""

import socket

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tipd.model.canonical import canonical
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind
from tipd.store.lookup.plain import read

WORDS = st.text("abcdexyz019-_.", max_size=12)
NAMES = st.lists(st.text("abcxn019-_", max_size=66), max_size=5).map(".".join)
QUADS = st.lists(st.integers(0, 300).map(str) | st.sampled_from(["01", "", "1e1"]), min_size=3, max_size=5).map(
    ".".join
)
NETWORKS = st.builds(
    "{}/{}".format, QUADS, st.integers(0, 40).map(str) | st.sampled_from(["", "08", "255.0.0.0", "8/8"])
)
ANY = st.one_of(WORDS, NAMES, QUADS, NETWORKS, st.text(max_size=20), st.ip_addresses(v=4).map(str))


def canonical_or_none(text: str) -> Indicator | None:
    try:
        return canonical(text, poison=False)
    except RefusedValue:
        return None


@given(st.lists(ANY, max_size=20))
@example(["a\x04b.example"])
@example(["a.example", "\x04", "192.0.2.1"])
@example(["", "a.b", ""])
@example(["\ud800.example.org", "a.example"])
@example(["a.0x1", "a.1", "1.1.1.1", "256.1.1.1", "01.1.1.1", "192.0.2.1/24", "192.0.2.0/24", "192.0.2.1/32"])
@example(["a_b.example", "a.exam_ple", "a.b-", "-a.b", "a.-b", "xn--a.example", "a.xn--p1ai"])
def test_what_is_plain_is_its_own_canonical_form(values: list[str]) -> None:
    plain = read(values)
    for mask, kind in ((plain.is_address, Kind.IPV4), (plain.is_network, Kind.NETWORK), (plain.is_name, Kind.DOMAIN)):
        for at in np.flatnonzero(mask).tolist():
            assert canonical_or_none(values[at]) == Indicator(kind, values[at])
    quads = np.flatnonzero(plain.is_address | plain.is_network).tolist()
    assert len(plain.addresses) == len(plain.lengths) == len(quads)
    for at, address, length in zip(quads, plain.addresses.tolist(), plain.lengths.tolist(), strict=True):
        text = socket.inet_ntoa(address.to_bytes(4))
        assert values[at] == (text if length == 32 else f"{text}/{length}")


@given(st.lists(ANY.filter(lambda text: "\x04" not in text and text.isascii()), max_size=20))
def test_values_stand_in_the_joined_text(values: list[str]) -> None:
    plain = read(values)
    found = [plain.text[a:b].decode() for a, b in zip(plain.starts.tolist(), plain.ends.tolist(), strict=True)]
    assert found == values


def test_the_usual_is_plain() -> None:
    values = [
        "192.0.2.7",
        "example.org",
        "a-b.c_d.example.org",
        "198.51.100.0/24",
        "xn--bcher-kva.example",
        "0.0.0.0/0",
    ]
    plain = read(values)
    assert plain.is_address.tolist() == [True, False, False, False, False, False]
    assert plain.is_name.tolist() == [False, True, True, False, True, False]
    assert plain.is_network.tolist() == [False, False, False, True, False, True]


def test_the_longest_names() -> None:
    label, name = "a" * 63, ".".join(["a" * 49] * 5 + ["com"])
    values = [f"{label}.org", f"a{label}.org", name, f"a{name}"]
    assert len(name) == 253
    assert read(values).is_name.tolist() == [True, False, True, False]
