"""Which names belong to a zone."""

from hypothesis import given
from hypothesis import strategies as st

from tipd.model.dns import wire_name
from tipd.net.resolver.bailiwick import ROOT, below, lineage, lowered, within

LABELS = st.lists(st.binary(min_size=1, max_size=6).map(lowered), max_size=5)


def wire(labels: list[bytes]) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def test_ancestors_from_the_name_to_the_root() -> None:
    found = list(lineage(wire_name("www.example.org")))
    assert found == [wire_name("www.example.org"), wire_name("example.org"), wire_name("org"), ROOT]
    assert list(lineage(ROOT)) == [ROOT]


def test_a_suffix_in_the_middle_of_a_label_is_no_ancestor() -> None:
    # One label of eight bytes that ends in the bytes of another name, length and all.
    name = wire([b"evil\x03org"])
    assert name.endswith(wire_name("org")) and not within(name, wire_name("org"))
    assert not within(wire_name("notexample.org"), wire_name("example.org"))


@given(LABELS, LABELS)
def test_within_is_what_the_labels_say(name: list[bytes], zone: list[bytes]) -> None:
    expected = len(name) >= len(zone) and name[len(name) - len(zone) :] == zone
    assert within(wire(name), wire(zone)) == expected
    assert below(wire(name), wire(zone)) == (expected and len(name) > len(zone))
    assert within(wire(name + zone), wire(zone))


@given(LABELS, LABELS)
def test_lineage_is_all_there_is_to_be_within(name: list[bytes], zone: list[bytes]) -> None:
    assert (wire(zone) in lineage(wire(name))) == within(wire(name), wire(zone))


def test_lower_case_leaves_other_bytes_alone() -> None:
    assert lowered(b"\x07ExAmPle\x03ORG\0") == wire_name("example.org")
    assert lowered(bytes(range(91, 256))) == bytes(range(91, 256))
