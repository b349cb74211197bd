"""Scores taken again from what is stored are those that were taken live."""

import itertools
import random

import msgspec
import pytest
from hypothesis import given, settings
from support.judged import SHIPPED, follow
from support.looks import START, empty, look, looks, rotating

from tipd.model.dns import Outcome
from tipd.model.flux import Run, State, Tier
from tipd.modules.fastflux.judging import Judge, Judgement
from tipd.modules.fastflux.knowledge.entry import Entry, Kind
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look
from tipd.modules.fastflux.scores.rescore import Asked, rescore
from tipd.modules.fastflux.settings import FluxSettings


class OfName:
    """The judge of one name."""

    def __init__(self, knowledge: Knowledge = SHIPPED, name: str = "name.example") -> None:
        self.knowledge, self.name = knowledge, name
        self.judge_of = Judge(knowledge, FluxSettings())

    def sift(self, look: Look) -> Look:
        return self.knowledge.sift(look)

    def judge(self, state: State, history: History, at: float) -> Judgement:
        return self.judge_of.judge(self.name, state, history, at)


def runs(found) -> list[Run]:
    """Look-ups as they are stored: consecutive ones with one result together."""
    stored: list[Run] = []
    for each in found:
        if each.outcome not in {Outcome.NOERROR, Outcome.NODATA, Outcome.NXDOMAIN}:
            continue
        last = stored[-1] if stored else None
        same = last is not None and (last.outcome, last.addresses, last.asns, last.cname) == (
            each.outcome,
            each.addresses,
            each.asns,
            each.cname,
        )
        if same:
            low, high = min(last.ttl_min, each.ttl), max(last.ttl_max, each.ttl)
            stored[-1] = msgspec.structs.replace(last, last=each.at, count=last.count + 1, ttl_min=low, ttl_max=high)
        else:
            stored.append(
                Run(
                    name_id=7,
                    first=each.at,
                    last=each.at,
                    count=1,
                    outcome=each.outcome,
                    addresses=each.addresses,
                    asns=each.asns,
                    ttl_min=each.ttl,
                    ttl_max=each.ttl,
                    true_ttl=each.true_ttl,
                    cname=each.cname,
                )
            )
    return stored


def hosts(rng: random.Random, count: int, asns: int) -> dict[int, int]:
    return {rng.randrange(11 << 24, 90 << 24): 64500 + rng.randrange(asns) for _ in range(count)}


def test_flux_comes_out_as_it_was_judged_live() -> None:
    rng = random.Random(11)
    bots = hosts(rng, 800, 60)
    stream = list(itertools.islice(rotating(rng, sorted(bots), 10, bots), 60))
    live = follow(stream)
    again = rescore(7, runs(stream), OfName())
    assert (again.state, again.reason, again.since) == (State.CONFIRMED, "holz", stream[2].at)
    assert again.last.features == live.last.features
    assert again.last.verdict == live.last.verdict
    assert [score.holz for score in again.scores][:3] == [
        None,
        132 * 20 + 1854 * again.scores[1].n_asn,
        132 * 20 + 1854 * again.scores[2].n_asn,
    ]
    assert {score.id for score in again.scores} == {7}
    assert again.scores[-1].total == len(live.history.spread)
    assert again.scores[-1].tier is Tier.CONFIRMED


@settings(max_examples=40)
@given(looks())
def test_any_look_ups_come_out_as_they_were_judged_live(found) -> None:
    live = follow(found)
    again = rescore(7, runs(found), OfName())
    if again.last is None:
        return
    assert again.history.spread.numbers == live.history.spread.numbers
    assert (again.history.looks, again.history.size) == (live.history.looks, live.history.size)
    assert all(one.at <= other.at for one, other in itertools.pairwise(again.scores))
    assert all(one != other for one, other in itertools.pairwise(again.scores))


def test_a_score_stands_only_where_it_changed() -> None:
    bots = hosts(random.Random(1), 6, 3)
    same = [look(START + number * 300, bots, bots) for number in range(100)]
    again = rescore(7, runs(same), OfName())
    assert [(score.at, score.n_a) for score in again.scores] == [(START, 0), (START + 300, 6)]
    assert again.state is State.WATCHED


def test_present_knowledge_is_what_counts() -> None:
    rng = random.Random(5)
    bots = hosts(rng, 800, 60)
    stored = runs(itertools.islice(rotating(rng, sorted(bots), 10, bots), 20))
    knowing = Knowledge([(Kind.POOL, Entry(name=("name.example",), reason="ours"))])
    assert rescore(7, stored, OfName()).state is State.CONFIRMED
    assert rescore(7, stored, OfName(knowing)).state is State.WATCHED
    sunk = Knowledge([(Kind.SINKHOLE, Entry(network=("12.0.0.0/8", "64.0.0.0/8", "70.0.0.0/8"), reason="ours"))])
    assert rescore(7, stored, OfName(sunk)).history.barred > 0


def test_a_dead_name_is_let_go_and_begins_anew_when_it_is_back() -> None:
    bots = hosts(random.Random(2), 3, 3)
    alive = [look(START + number * 300, bots, bots) for number in range(4)]
    gone = [empty(START + 3600 * (1 + number)) for number in range(30)]
    ended = rescore(7, runs([*alive, *gone]), OfName())
    assert (ended.state, ended.reason) == (State.DROPPED, "nxdomain")
    back = [look(START + 3600 * 40 + number * 300, bots, bots) for number in range(3)]
    assert rescore(7, runs([*alive, *gone, *back]), OfName()).state is State.WATCHED


def test_a_name_let_go_as_stable_has_all_its_time_again_when_it_is_back() -> None:
    bots = hosts(random.Random(2), 3, 3)
    same = [look(START + number * 300, bots, bots) for number in range(201)]
    assert (found := rescore(7, runs(same), OfName())).reason == "stable"
    assert found.state is State.DROPPED
    back = [look(START + 10 * 86400 + number * 300, bots, bots) for number in range(3)]
    (first,) = runs(same)
    assert rescore(7, [first, *runs(back)], OfName()).state is State.WATCHED


def test_name_servers_are_taken_as_far_as_they_are_known() -> None:
    rng = random.Random(9)
    bots, servers = hosts(rng, 40, 3), sorted(hosts(rng, 60, 1))
    stream = list(itertools.islice(rotating(rng, sorted(bots), 1, bots, ttl=1800), 20))
    asked = [
        Asked(
            each.at - 1,
            ("ns1.example",),
            b"".join(number.to_bytes(4) for number in servers[3 * place : 3 * place + 3]),
            (64500 + place, 64600, 64700),
        )
        for place, each in enumerate(stream)
    ]
    without = rescore(7, runs(stream), OfName())
    again = rescore(7, runs(stream), OfName(), asked)
    assert without.last.features.ns_addresses == 0
    assert again.last.features.ns_addresses == 60
    assert again.last.verdict.why == "double"


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA])
def test_a_name_that_never_answered_has_no_score(outcome) -> None:
    again = rescore(7, runs([empty(START, outcome), empty(START + 300, outcome)]), OfName())
    assert [(score.holz, score.n_a, score.tier) for score in again.scores] == [(None, 0, Tier.UNKNOWN)]


def test_nothing_stored_is_nothing_scored() -> None:
    again = rescore(7, [], OfName())
    assert (again.scores, again.state, again.last) == ([], State.CANDIDATE, None)
