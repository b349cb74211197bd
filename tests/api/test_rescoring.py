"""Scores taken again out of stored look-ups."""

from __future__ import annotations

from support.flux import nodes, run, tracked

from tipd.api.rescoring import VERSION, make_judge, rescored
from tipd.model.flux import State, Tier
from tipd.modules.fastflux.settings import FluxSettings


def test_a_fluxing_name_is_scored_as_holz_did() -> None:
    row = tracked("flux.example.org", state=State.LIKELY, tier=Tier.LIKELY, holz=14298)
    done = rescored(row, [nodes(number) for number in range(12)], make_judge(FluxSettings()))
    assert (done.score, done.best, done.flux) == (211.8, 211.8, True)  # 20 addresses, 10 ASNs
    assert (done.state, done.looks) == ("confirmed", 12)
    assert (done.before.score, done.before.tier, done.before.state) == (142.98, "likely", "likely")
    assert done.changed


def test_five_stable_addresses_in_one_as_are_none() -> None:
    stable = run(0, *(f"192.0.2.{place}" for place in range(5)), asns=(64500,) * 5, count=30)
    row = tracked("www.example.org", holz=2514, tier=Tier.BENIGN)
    done = rescored(row, [stable], make_judge(FluxSettings()))
    assert (done.score, done.flux, done.tier, done.looks, done.changed) == (25.14, False, "benign", 30, False)


def test_without_two_look_ups_there_is_no_score() -> None:
    done = rescored(tracked("new.example.org"), [nodes(0)], make_judge(FluxSettings()))
    assert (done.score, done.best, done.flux) == (None, None, None)


def test_the_formulas_have_a_name() -> None:
    assert VERSION.startswith("holz-2008 ")
