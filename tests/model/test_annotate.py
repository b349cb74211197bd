"""What is said of a finding when it is read."""

from __future__ import annotations

import msgspec
import pytest
from support.api import START, finding

from tipd.model.allow import Allowance, AllowList
from tipd.model.annotate import Annotations
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.watch import Watch, Watches
from tipd.store.forgetting import MARK

OURS = Watches([Watch(name="ours", networks=["198.51.100.0/24"])])


def allowing(value: str) -> AllowList:
    return AllowList.of([Allowance(kind=Kind.IPV4, value=value, reason="ours", by="me", created=START)])


def test_without_watches_and_allowances_findings_stay_as_they_are() -> None:
    page = [finding(1), finding(2)]
    assert all(one is other for one, other in zip(Annotations().annotated(page), page, strict=True))
    nothing_allowed = Annotations(allows=AllowList)
    assert nothing_allowed.annotated(page)[0] is page[0]


def test_watches_and_allowances_act_at_once_and_on_old_findings() -> None:
    notes = Annotations()
    page = [finding(1), finding(2, value="203.0.113.9"), msgspec.structs.replace(finding(3), subject=None)]
    assert [one.watches for one in notes.annotated(page)] == [msgspec.UNSET] * 3
    notes.watches = OURS
    assert [one.watches for one in notes.annotated(page)] == [["ours"], msgspec.UNSET, msgspec.UNSET]
    notes.allows = lambda: allowing("203.0.113.9")
    assert [one.allowed for one in notes.annotated(page)] == [msgspec.UNSET, True, msgspec.UNSET]
    assert page[0].watches is msgspec.UNSET


def test_a_first_round_is_no_news_to_a_watch_but_is_allowed_all_the_same() -> None:
    notes = Annotations(OURS, lambda: allowing("198.51.100.7"))
    (told,) = notes.annotated([msgspec.structs.replace(finding(1), initial=True)])
    assert (told.watches, told.allowed, told.initial) == (msgspec.UNSET, True, True)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_was_forgotten_concerns_nobody_and_stops_no_reader(kind: Kind) -> None:
    watch = Watch(
        name="ours",
        networks=["198.51.100.0/24"],
        domains=["example.org"],
        asns=[64500],
        patterns=["bank"],
        looks_like=["bank.example"],
    )
    notes = Annotations(Watches([watch]), lambda: allowing("198.51.100.7"))
    blank = msgspec.structs.replace(finding(1), subject=Indicator(kind, MARK))
    (told,) = notes.annotated([blank])
    assert (told.watches, told.allowed) == (msgspec.UNSET, msgspec.UNSET)
