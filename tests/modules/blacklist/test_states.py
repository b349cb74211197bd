"""States and what is told of their changes."""

import pytest

from tipd.modules.blacklist.reading.job import ReadResult
from tipd.modules.blacklist.states import AWAY, HEALTHY, State, finding_of_load, findings_of_change

BAD = sorted(set(State) - HEALTHY - {State.NEW, *AWAY})


@pytest.mark.parametrize("bad", BAD)
def test_degraded_and_recovered(bad):
    (told,) = findings_of_change("a", "ok", bad, "why")
    assert (told.kind, told.source, told.data) == ("source.degraded", "a", {"old": "ok", "new": bad, "why": "why"})
    (told,) = findings_of_change("a", bad, "unchanged", None)
    assert (told.kind, told.data["old"]) == ("source.recovered", bad)
    assert findings_of_change("a", bad, bad, "why") == []


def test_from_one_trouble_into_another_is_told():
    (told,) = findings_of_change("a", "unreachable", "gone", "410")
    assert (told.kind, told.data["old"], told.data["new"]) == ("source.degraded", "unreachable", "gone")


@pytest.mark.parametrize(
    ("old", "new"),
    [("ok", "unchanged"), ("unchanged", "ok"), ("new", "ok"), ("removed", "ok"), ("ok", "removed"), ("off", "ok")],
)
def test_what_is_no_news(old, new):
    assert findings_of_change("a", old, new, None) == []


def test_a_first_round_is_told_by_counts():
    told = finding_of_load("a", ReadResult(entries=5, rows=7, refused={"bogon": 2}, bytes=99))
    assert told.initial
    assert (told.kind, told.data) == ("source.loaded", {"entries": 5, "rows": 7, "refused": {"bogon": 2}, "bytes": 99})
