"""The states of a name: every step, and none that nobody asked for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.flux import State, Tier
from tipd.modules.fastflux.scores.reasons import Reason
from tipd.modules.fastflux.scores.states import CALM, DAY, Limits, Standing, next_state
from tipd.modules.fastflux.scores.verdict import Verdict

LIMITS = Limits()


def verdict(tier: Tier, why: str = "holz", *codes: str) -> Verdict:
    reasons = tuple(Reason(code, "made for the test", 1) for code in codes)
    return Verdict(tier=tier, reasons=reasons, since=0.0, until=1.0, looks=5, why=why)


def standing(tier: Tier | None = None, *codes: str, why: str = "holz", **more) -> Standing:
    found = verdict(tier, why, *codes) if tier is not None else None
    return Standing(verdict=found, **{"looks": 5, **more})


@pytest.mark.parametrize(
    ("state", "where", "goes", "why"),
    [
        (State.CANDIDATE, standing(Tier.UNKNOWN, looks=1), State.CANDIDATE, ""),
        (State.CANDIDATE, standing(Tier.BENIGN), State.WATCHED, "judged"),
        (State.CANDIDATE, standing(), State.WATCHED, "judged"),
        (State.CANDIDATE, standing(looks=1), State.CANDIDATE, ""),
        (State.CANDIDATE, standing(Tier.LIKELY), State.LIKELY, "holz"),
        (State.CANDIDATE, standing(Tier.CONFIRMED, why="long"), State.CONFIRMED, "long"),
        (State.WATCHED, standing(Tier.POSSIBLE), State.WATCHED, ""),
        (State.WATCHED, standing(Tier.LIKELY, why="growth"), State.LIKELY, "growth"),
        (State.WATCHED, standing(Tier.CONFIRMED), State.CONFIRMED, "holz"),
        (State.LIKELY, standing(Tier.LIKELY), State.LIKELY, ""),
        (State.LIKELY, standing(Tier.CONFIRMED), State.CONFIRMED, "holz"),
        (State.LIKELY, standing(Tier.BENIGN, calm=CALM - 1), State.LIKELY, ""),
        (State.LIKELY, standing(Tier.BENIGN, calm=CALM), State.WATCHED, "calm"),
        (State.LIKELY, standing(Tier.POSSIBLE, "no_asns", calm=CALM), State.LIKELY, ""),
        (State.LIKELY, standing(Tier.POSSIBLE, "known"), State.WATCHED, "known"),
        (State.CONFIRMED, standing(Tier.LIKELY), State.CONFIRMED, ""),
        (State.CONFIRMED, standing(Tier.BENIGN, calm=CALM), State.CONFIRMED, ""),
        (State.CONFIRMED, standing(Tier.POSSIBLE, "known"), State.WATCHED, "known"),
        (State.CONFIRMED, standing(Tier.POSSIBLE, "saturated"), State.WATCHED, "saturated"),
        (State.WATCHED, standing(Tier.BENIGN, stable=200), State.DROPPED, "stable"),
        (State.CONFIRMED, standing(Tier.POSSIBLE, stable=200), State.DROPPED, "stable"),
        (State.WATCHED, standing(Tier.BENIGN, stable=199), State.WATCHED, ""),
        (State.WATCHED, standing(away=2, away_for=2 * DAY, why_away="nxdomain"), State.WATCHED, ""),
        (State.WATCHED, standing(away=9, away_for=DAY - 1, why_away="nxdomain"), State.WATCHED, ""),
        (State.WATCHED, standing(away=3, away_for=DAY, why_away="nodata"), State.DROPPED, "nodata"),
        (State.CANDIDATE, standing(away=3, away_for=DAY, why_away="sinkhole"), State.DROPPED, "sinkhole"),
        (State.LIKELY, standing(away=3, away_for=DAY, why_away="nxdomain"), State.DORMANT, "nxdomain"),
        (State.CONFIRMED, standing(away=3, away_for=DAY, why_away="sinkhole"), State.DORMANT, "sinkhole"),
        (State.DORMANT, standing(away=30, away_for=20 * DAY, why_away="nxdomain"), State.DORMANT, ""),
        (State.DORMANT, standing(away=300, away_for=90 * DAY, why_away="nxdomain"), State.DROPPED, "gone"),
        (State.DORMANT, standing(Tier.BENIGN), State.LIKELY, "back"),
        (State.DORMANT, standing(looks=0), State.DORMANT, ""),
        (State.DROPPED, standing(Tier.CONFIRMED), State.DROPPED, ""),
    ],
)
def test_each_step(state, where, goes, why) -> None:
    assert next_state(state, where, LIMITS) == (goes, why)


def test_limits_are_the_operators() -> None:
    limits = Limits(let_go_after=3, dormant_after=60.0, gone_after=600.0, away_looks=1)
    assert next_state(State.WATCHED, standing(Tier.BENIGN, stable=3), limits) == (State.DROPPED, "stable")
    assert next_state(State.LIKELY, standing(away=1, away_for=60.0, why_away="nodata"), limits)[0] is State.DORMANT
    assert next_state(State.DORMANT, standing(away=1, away_for=600.0), limits)[1] == "gone"


standings = st.builds(
    Standing,
    looks=st.integers(0, 300),
    stable=st.integers(0, 300),
    away=st.integers(0, 10),
    away_for=st.floats(0, 100 * DAY),
    why_away=st.sampled_from(("nxdomain", "nodata", "sinkhole", "private")),
    calm=st.integers(0, 8),
    verdict=st.none()
    | st.builds(
        lambda tier, codes: verdict(tier, "holz", *codes),
        st.sampled_from(Tier),
        st.lists(st.sampled_from(("known", "stable", "saturated", "no_asns"))),
    ),
)


@given(st.sampled_from(State), standings)
def test_a_step_has_a_word_and_standing_still_has_none(state, where) -> None:
    goes, why = next_state(state, where, LIMITS)
    assert (goes is not state) == bool(why)


@given(st.sampled_from(State), standings)
def test_only_a_verdict_leads_up(state, where) -> None:
    goes, _ = next_state(state, where, LIMITS)
    if goes is State.CONFIRMED and state is not State.CONFIRMED:
        assert where.verdict.tier is Tier.CONFIRMED
    if goes is State.LIKELY and state is not State.LIKELY:
        assert state is State.DORMANT or where.verdict.tier is Tier.LIKELY
    if goes is State.DORMANT and state is not State.DORMANT:
        assert state in {State.LIKELY, State.CONFIRMED}


@given(st.sampled_from(State), standings)
def test_the_same_standing_does_not_lead_round_in_a_circle(state, where) -> None:
    seen = [state]
    for _ in range(6):
        state, _ = next_state(state, where, LIMITS)
        seen.append(state)
    stretches = [each for each, _ in itertools.groupby(seen)]
    assert len(stretches) == len(set(stretches))
