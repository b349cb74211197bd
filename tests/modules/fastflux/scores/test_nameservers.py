"""Name servers over time: names, addresses, and how much they change."""

from tipd.modules.fastflux.scores.nameservers import MOST_NAMES, Nameservers


def packed(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4) for number in sorted(numbers))


def test_the_same_again_changes_nothing_but_how_often_it_was_asked() -> None:
    ns = Nameservers()
    assert not ns.add(10.0, ("ns1.example", "ns2.example"), packed(1, 2), (64500, 64501))
    assert not ns.add(20.0, ("NS2.example", "ns1.example"), packed(1, 2), (64500, 64501))
    assert (ns.looks, ns.changes, len(ns.names), len(ns.spread), ns.start) == (2, 0, 2, 2, 2)
    assert (ns.first, ns.last, ns.fluxiness) == (10.0, 20.0, 1.0)


def test_other_addresses_or_names_are_a_change() -> None:
    ns = Nameservers()
    ns.add(10.0, ("ns1.example",), packed(1, 2), (64500, 64501))
    assert ns.add(20.0, ("ns1.example",), packed(3, 4), (64502, 64503))
    assert ns.add(30.0, ("ns3.example",), packed(3, 4), (64502, 64503))
    assert (ns.changes, len(ns.names), len(ns.spread), len(ns.spread.asns)) == (2, 2, 4, 4)
    assert ns.fluxiness == 2.0


def test_names_are_bounded() -> None:
    ns = Nameservers()
    ns.add(1.0, [f"ns{number}.example" for number in range(MOST_NAMES + 50)], b"")
    assert len(ns.names) == MOST_NAMES
    assert ns.named == MOST_NAMES + 50
    assert ns.fluxiness == 0.0
