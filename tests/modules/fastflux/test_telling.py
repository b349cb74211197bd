"""Verdicts as JSON and findings."""

import json

from support.probing import packed

from tipd.model import flux
from tipd.model.dns import Outcome
from tipd.model.flux import State
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.judging import Judge
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.records import Label
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look
from tipd.modules.fastflux.settings import FluxSettings
from tipd.modules.fastflux.telling import (
    MOST_ADDRESSES,
    holz_of,
    nodes_finding,
    state_finding,
    stored_verdict,
    when,
)

LABEL = Label(("storm",), Tlp.AMBER)
ONE = Look(1000.0, Outcome.NOERROR, packed("192.0.2.1", "192.0.2.2"), (5, 6), ttl=60)
TWO = Look(1100.0, Outcome.NOERROR, packed("192.0.2.2", "192.0.2.3"), (6, 0), ttl=60)


def judgement():
    history = History()
    history.add(ONE)
    history.add(TWO)
    return Judge(Knowledge(), FluxSettings()).judge("a.example", State.CANDIDATE, history, 1100.0)


def test_moments_are_as_json_has_them() -> None:
    assert when(1_763_769_600.5) == "2025-11-22T00:00:00.500Z"


def test_a_verdict_holds_what_it_is_made_of() -> None:
    stored = json.loads(stored_verdict(judgement()))
    assert stored["holz"] == {
        "score": 41.04,
        "n_a": 3,
        "n_asn": 2,
        "n_ns": 0,
        "window": ["1970-01-01T00:16:40.000Z", "1970-01-01T00:18:20.000Z"],
    }
    assert stored["tier"] == "benign"
    assert stored["features"]["distinct"] == 3
    assert {"code", "text", "value", "bound"} == stored["reasons"][0].keys()
    assert holz_of(None) is None


def test_what_came_and_what_went_is_told_with_its_as() -> None:
    told = nodes_finding("a.example", LABEL, ONE, TWO, 3)
    assert told.kind == flux.NODES
    assert (told.subject.kind, told.subject.value, told.tlp) == (Kind.DOMAIN, "a.example", Tlp.AMBER)
    assert told.data == {
        "added": [{"address": "192.0.2.3", "asn": None}],
        "removed": [{"address": "192.0.2.1", "asn": 5}],
        "distinct": 3,
        "tags": ["storm"],
    }
    assert nodes_finding("a.example", LABEL, ONE, ONE, 3) is None


def test_very_many_are_cut_and_counted() -> None:
    many = Look(1.0, Outcome.NOERROR, b"".join(number.to_bytes(4) for number in range(MOST_ADDRESSES + 10)))
    told = nodes_finding("a.example", LABEL, None, many, 5)
    assert len(told.data["added"]) == MOST_ADDRESSES
    assert told.data["cut"] == 10


def test_a_state_is_told_by_its_kind() -> None:
    found = judgement()

    def told(former: State, state: State):
        return state_finding(
            "a.example", LABEL, former, found._replace(state=state, reason="why"), look=TWO, ns=("ns1.example",)
        )

    assert told(State.CANDIDATE, State.WATCHED) is None
    assert told(State.WATCHED, State.DROPPED).data == {"reason": "why", "former": "watched", "tags": ["storm"]}
    assert told(State.CONFIRMED, State.DORMANT).kind == flux.DORMANT
    likely = told(State.WATCHED, State.LIKELY)
    assert likely.kind == flux.LIKELY
    assert likely.data["addresses"] == ["192.0.2.2", "192.0.2.3"]
    assert (likely.data["asns"], likely.data["ns"]) == ([6], ["ns1.example"])
    assert likely.data["verdict"]["tier"] == "benign"
    assert told(State.LIKELY, State.CONFIRMED).kind == flux.CONFIRMED
    assert told(State.DORMANT, State.LIKELY).kind == flux.REVIVED
