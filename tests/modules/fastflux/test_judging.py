"""From a history to a state."""

import pytest
from support.probing import packed

from tipd.model.dns import Outcome
from tipd.model.flux import State, Tier
from tipd.modules.fastflux.judging import Judge, calm_windows, standing_of, why_away
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import PRIVATE, SINKHOLE, Look
from tipd.modules.fastflux.settings import FluxSettings

JUDGE = Judge(Knowledge(), FluxSettings(dormant_after="1h", let_go_after=50))


def looks(count: int, size: int = 20, cname: str = "") -> History:
    """So many look-ups, each with other addresses, each address in an AS of its own."""
    history = History()
    for nth in range(count):
        addresses = packed(*(f"198.51.{nth}.{number}" for number in range(size)))
        asns = tuple(1000 + nth * size + number for number in range(size))
        history.add(Look(1000.0 + 100 * nth, Outcome.NOERROR, addresses, asns, ttl=60, cname=cname))
    return history


def test_the_settings_bind_the_limits() -> None:
    assert (JUDGE.limits.let_go_after, JUDGE.limits.dormant_after) == (50, 3600.0)


@pytest.mark.parametrize(
    ("count", "state", "tier"),
    [(1, State.CANDIDATE, Tier.UNKNOWN), (2, State.LIKELY, Tier.LIKELY), (3, State.CONFIRMED, Tier.CONFIRMED)],
)
def test_windows_above_the_bound_raise_a_candidate(count: int, state: State, tier: Tier) -> None:
    found = JUDGE.judge("www.example.org", State.CANDIDATE, looks(count), 1000.0 + 100 * count)
    assert (found.state, found.verdict.tier) == (state, tier)


def test_a_chain_that_ends_elsewhere_is_told_from_one_that_stays() -> None:
    here = JUDGE.judge("www.example.org", State.CANDIDATE, looks(2, cname="a.example.org"), 2000.0)
    there = JUDGE.judge("www.example.org", State.CANDIDATE, looks(2, cname="a.cdn.example"), 2000.0)
    assert not here.features.given.foreign_cname
    assert there.features.given.foreign_cname


def test_without_addresses_for_long_it_is_dormant() -> None:
    history = looks(4)
    for nth in range(4):
        history.add(Look(2000.0 + 1000 * nth, Outcome.NXDOMAIN, ttl=60))
    assert standing_of(history, 3000.0, None).away_for == 1000.0
    assert JUDGE.judge("a.example", State.CONFIRMED, history, 5000.0).state is State.CONFIRMED
    found = JUDGE.judge("a.example", State.CONFIRMED, history, 5700.0)
    assert (found.state, found.reason) == (State.DORMANT, "nxdomain")


@pytest.mark.parametrize(
    ("look", "word"),
    [
        (None, ""),
        (Look(1.0, Outcome.NXDOMAIN), "nxdomain"),
        (Look(1.0, Outcome.NODATA), "nodata"),
        (Look(1.0, barred=SINKHOLE | PRIVATE), "sinkhole"),
        (Look(1.0, barred=PRIVATE), "private"),
    ],
)
def test_the_word_for_why_it_has_no_addresses(look: Look | None, word: str) -> None:
    assert why_away(look) == word


def test_calm_windows_are_those_since_the_last_that_spoke() -> None:
    history = looks(3)
    assert calm_windows(history) == 0
    same = history.shown
    for nth in range(3):
        history.add(Look(5000.0 + 100 * nth, Outcome.NOERROR, same.addresses[:8], same.asns[:2], ttl=60))
    assert history.windows == 5
    assert calm_windows(history) == 2  # the first of the three still shares a window with what was before
    assert calm_windows(History()) == 0
