"""What fast-flux tracking says of one indicator."""

from __future__ import annotations

from support.flux import FakeFlux, seen, tracked

from tipd.api.flux_about import MOST_NAMES, MOST_ROWS, mentions, passive
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp

ADDRESS = Indicator(Kind.IPV4, "192.0.2.80")


async def test_an_address_of_a_crowd_is_told_in_few_words() -> None:
    flux = FakeFlux()
    names = [f"host{number}.example.org" for number in range(300)]
    flux.put(*map(tracked, names))
    flux.records = [seen(name, ADDRESS.value) for name in names for _ in range(2)]
    found = await mentions(flux, ADDRESS, Tlp.GREEN)
    assert found is not None
    assert [one.domain for one in found] == names[:MOST_NAMES]
    assert len(await passive(flux, ADDRESS, Tlp.GREEN) or ()) == MOST_ROWS


async def test_what_has_no_dns_says_nothing_of_it() -> None:
    for subject in (Indicator(Kind.MD5, "0" * 32), Indicator(Kind.EMAIL, "a@example.org")):
        assert await mentions(FakeFlux(), subject, Tlp.RED) is None
        assert await passive(FakeFlux(), subject, Tlp.RED) is None


async def test_an_as_leads_to_the_names_in_it() -> None:
    flux = FakeFlux()
    flux.put(tracked("host.example.org"))
    flux.records = [seen("host.example.org", ADDRESS.value)]
    found = await mentions(flux, Indicator(Kind.ASN, "AS64500"), Tlp.GREEN)
    assert [one.domain for one in found or ()] == ["host.example.org"]
    assert await passive(flux, Indicator(Kind.NETWORK, "192.0.2.0/24"), Tlp.GREEN) == []
