"""Walks from a value over whoever shares data with it."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from support.flux import FakeFlux, seen, tracked

from tipd.model import dns
from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux import follow
from tipd.modules.fastflux.follow import BY_ANY, walk


def chain(*names: str, tlp: Tlp = Tlp.GREEN) -> FakeFlux:
    """Return names each of which shares one address with the next."""
    flux = FakeFlux()
    flux.put(*(tracked(name, tlp=tlp, state=State.CONFIRMED) for name in names))
    for number, name in enumerate(names):
        flux.records += [seen(name, f"192.0.2.{number}"), seen(name, f"192.0.2.{number + 1}")]
    return flux


LETTERS = [f"{letter}.example.org" for letter in "abcdef"]


async def test_as_far_as_the_depth_and_by_the_way_it_went() -> None:
    flux = chain(*LETTERS)
    walked = await walk(flux, LETTERS[0], budget=100, depth=2, max_tlp=Tlp.GREEN)
    assert [(one.name, one.path) for one in walked.found] == [
        ("b.example.org", ("a.example.org", "192.0.2.1", "b.example.org")),
        ("c.example.org", ("a.example.org", "192.0.2.1", "b.example.org", "192.0.2.2", "c.example.org")),
    ]
    assert (walked.kind, walked.value, walked.steps, walked.spent) == ("domain", "a.example.org", 2, False)
    assert all(one.known for one in walked.found)


async def test_the_budget_ends_it_and_says_so() -> None:
    walked = await walk(chain(*LETTERS), LETTERS[0], budget=3, depth=10, max_tlp=Tlp.GREEN)
    assert [one.name for one in walked.found] == LETTERS[1:4]
    assert walked.spent


@pytest.mark.parametrize("depth", [1, 3])
async def test_a_circle_ends(depth: int) -> None:
    flux = chain(*LETTERS[:3])
    flux.records.append(seen(LETTERS[2], "192.0.2.0"))
    walked = await walk(flux, LETTERS[0], budget=100, depth=depth, max_tlp=Tlp.GREEN)
    assert sorted(one.name for one in walked.found) == LETTERS[1:3]


async def test_from_an_address_to_its_names() -> None:
    walked = await walk(chain(*LETTERS), "192.0.2.1", budget=100, depth=1, max_tlp=Tlp.GREEN)
    assert [(one.name, one.path) for one in walked.found] == [
        (name, ("192.0.2.1", name)) for name in LETTERS[:2] for _ in range(1)
    ]


async def test_the_end_of_a_chain_is_gone_on_from_and_a_name_server_is_not() -> None:
    flux = FakeFlux()
    flux.put(tracked("alias.example.org"), tracked("sibling.example.org"))
    flux.records = [
        seen("alias.example.org", "end.example.net", rtype=dns.CNAME),
        seen("alias.example.org", "ns.example.net", rtype=dns.NS),
        seen("sibling.example.org", "ns.example.net", rtype=dns.NS),
    ]
    walked = await walk(flux, "alias.example.org", budget=100, depth=2, max_tlp=Tlp.GREEN)
    assert [one.name for one in walked.found] == ["end.example.net"]
    walked = await walk(flux, "alias.example.org", budget=100, depth=1, max_tlp=Tlp.GREEN, by=BY_ANY)
    assert [one.name for one in walked.found] == ["end.example.net", "sibling.example.org"]


async def test_what_a_crowd_shares_ties_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "CROWD", 3)
    flux = FakeFlux()
    names = [f"host{number}.example.org" for number in range(6)]
    flux.put(*(tracked(name) for name in names))
    flux.records = [seen(name, "192.0.2.80") for name in names]
    assert (await walk(flux, names[0], budget=100, depth=3, max_tlp=Tlp.GREEN)).found == []
    assert len((await walk(flux, "192.0.2.80", budget=100, depth=1, max_tlp=Tlp.GREEN)).found) == 6


async def test_what_is_found_bears_the_strictest_mark_of_its_way() -> None:
    flux = chain(*LETTERS[:4])
    flux.put(tracked(LETTERS[1], tlp=Tlp.AMBER))
    walked = await walk(flux, LETTERS[0], budget=100, depth=3, max_tlp=Tlp.RED, tlp=Tlp.CLEAR)
    assert {one.name[0]: one.tlp for one in walked.found} == dict.fromkeys("bcd", Tlp.AMBER)
    assert (await walk(flux, LETTERS[0], budget=100, depth=3, max_tlp=Tlp.GREEN)).found == []
    walked = await walk(flux, LETTERS[2], budget=100, depth=1, max_tlp=Tlp.RED, tlp=Tlp.RED)
    assert {one.tlp for one in walked.found} == {Tlp.RED}


async def test_tags_narrow_the_first_step_alone() -> None:
    flux = chain(*LETTERS[:3])
    await walk(flux, LETTERS[0], budget=100, depth=2, max_tlp=Tlp.GREEN, tag=("lab",))
    assert [asked["tag"] for asked in flux.asked] == [("lab",), ()]


async def test_what_is_not_wanted_leads_nowhere() -> None:
    walked = await walk(
        chain(*LETTERS), LETTERS[0], budget=100, depth=9, max_tlp=Tlp.GREEN, wanted=lambda name: name < "c"
    )
    assert [one.name for one in walked.found] == ["b.example.org"]


async def test_time_and_steps_end_it(monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock) -> None:
    class Slow(FakeFlux):
        async def pivot(self, value, **more):
            await trio.sleep(1)
            return await super().pivot(value, **more)

    slow = Slow(**{name: getattr(chain(*LETTERS), name) for name in ("rows", "records")})
    walked = await walk(slow, LETTERS[0], budget=100, depth=9, max_tlp=Tlp.GREEN, within=2.5)
    assert (walked.steps, walked.spent) == (3, True)
    monkeypatch.setattr(follow, "MOST_STEPS", 2)
    walked = await walk(chain(*LETTERS), LETTERS[0], budget=100, depth=9, max_tlp=Tlp.GREEN)
    assert (walked.steps, len(walked.found), walked.spent) == (2, 2, True)
