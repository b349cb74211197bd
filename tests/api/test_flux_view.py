"""From what the store tells to what the API says; whole answers are asked for in `routes/test_flux.py`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.flux import START, seen, tracked

from tipd.api.flux_view import detail_of, rrsets, score_of, type_word
from tipd.model import dns
from tipd.model.flux import State, Tier
from tipd.model.tracked import ScorePoint, TrackedDetail

NAME = "flux.example.org"


def point(total: int, **more: object) -> ScorePoint:
    values = {"at": START, "holz": 1986, "n_a": 1, "n_asn": 1, "tier": Tier.UNKNOWN, "state": State.WATCHED}
    return ScorePoint(total=total, **(values | more))


@pytest.mark.parametrize(("number", "word"), [(1, "A"), (28, "AAAA"), (5, "CNAME"), (65, "TYPE65")])
def test_types_as_they_are_written(number: int, word: str) -> None:
    assert type_word(number) == word


def test_scores_are_hundredths() -> None:
    assert [score_of(value) for value in (None, 14238, 75420)] == [None, 142.38, 754.2]


@pytest.mark.parametrize(("holz", "flux"), [(14238, False), (14239, True), (None, None)])
def test_flux_is_above_the_bound_and_not_at_it(holz: int | None, flux: bool | None) -> None:
    told = detail_of(TrackedDetail(row=tracked(NAME, holz=holz), verdict={}, scores=(point(1),)), {}, (), None)
    assert told.holz.flux is flux
    assert told.holz.n_a == (None if holz is None else 1)
    assert told.verdict.reasons == ["judged"]


def test_what_the_verdict_says_of_the_window_holds() -> None:
    said = {"n_a": 20, "n_asn": 10, "n_ns": 3, "window": ["a", "b"]}
    detail = TrackedDetail(row=tracked(NAME, holz=21180), verdict={"holz": said}, scores=(point(1),))
    told = detail_of(detail, {}, (), None).holz
    assert (told.n_a, told.n_asn, told.n_ns, told.window) == (20, 10, 3, ["a", "b"])
    odd = TrackedDetail(row=tracked(NAME), verdict={"holz": None, "window": 7, "features": None, "reasons": None})
    assert detail_of(odd, {}, (), None).holz.window == []


def test_growth_counts_each_address_once() -> None:
    rows = (
        seen(NAME, "192.0.2.1"),
        seen(NAME, "192.0.2.1", asn=64501, first=START - timedelta(hours=1)),
        seen(NAME, "192.0.2.2"),
        seen(NAME, "2001:db8::1", rtype=dns.AAAA, first=START + timedelta(hours=1)),
        seen(NAME, "ns.example.org", rtype=dns.NS, first=START - timedelta(hours=9)),
    )
    detail = TrackedDetail(row=tracked(NAME), verdict={}, seen=rows, scores=(point(99),))
    growth = detail_of(detail, {}, (), None).growth
    assert [(one.at - START, one.addresses) for one in growth] == [
        (timedelta(hours=-1), 1),
        (timedelta(0), 2),
        (timedelta(hours=1), 3),
    ]
    cut = TrackedDetail(row=tracked(NAME), verdict={}, seen=rows, scores=(point(99),), more=True)
    assert [one.addresses for one in detail_of(cut, {}, (), None).growth] == [99]


def test_what_the_last_answer_held_is_current() -> None:
    old = seen(NAME, "192.0.2.2", last=START)
    (a,) = rrsets([seen(NAME, "192.0.2.1"), old])
    assert [(one.data, one.current) for one in a.records] == [("192.0.2.1", True), ("192.0.2.2", False)]
