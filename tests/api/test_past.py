"""Look-ups of moments over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from support.api import START, Served, World, body_of

from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.past import Later, Match, Then


def answer(value: str, at: datetime) -> Then:
    """Say that everything was listed from START on, and known an hour later."""
    if at < START:
        return Then(value, at, Kind.IPV4, later=Later(START, ["example_drop"]))
    matches = [Match(Kind.NETWORK, "192.0.2.0/24", "contained")]
    return Then(value, at, Kind.IPV4, None, None, matches, ["example_drop"], 0.5, START + timedelta(hours=1))


async def test_values_with_a_moment_stand_among_plain_ones(world: World, api: Served) -> None:
    world.past.answers = answer
    moments = [{"value": "192.0.2.1", "at": f"2026-11-{day}T04:00:00Z"} for day in (21, 22)]
    body = {"values": [moments[0], "198.51.100.7", moments[1], "192.0.2.1"]}
    before, plain, then, last = body_of(await api.ask("POST", "/api/v1/lookup", body=body))["results"]
    assert (plain["listed"], last["listed"], "at" in plain) == (True, False, False)
    assert before == {
        "value": "192.0.2.1",
        "kind": "ipv4",
        "listed": False,
        "confidence": 0.0,
        "sources": [],
        "matches": [],
        "error": None,
        "at": "2026-11-21T04:00:00Z",
        "known_since": None,
        "listed_later": {"at": "2026-11-22T04:00:00Z", "after_s": 86400.0, "sources": ["example_drop"]},
    }
    assert then["listed"]
    assert then["matches"] == [{"kind": "network", "value": "192.0.2.0/24", "how": "contained"}]
    assert (then["sources"], then["confidence"]) == (["example_drop"], 0.5)
    assert (then["known_since"], then["listed_later"]) == ("2026-11-22T05:00:00Z", None)


async def test_the_caller_s_mark_goes_with_the_question(world: World, api: Served) -> None:
    world.tokens.add("tip_amber", "read", max_tlp="amber")
    body = {"values": [{"value": "192.0.2.1", "at": "2026-11-21T04:00:00+02:00"}]}
    for token, mark in (("tip_read", Tlp.GREEN), ("tip_amber", Tlp.AMBER)):
        assert (await api.ask("POST", "/api/v1/lookup", body=body, token=token)).status == 200
        value, at, asked = world.past.asked[-1]
        assert (value, asked) == ("192.0.2.1", mark)
        assert at.isoformat() == "2026-11-21T04:00:00+02:00"


async def test_ten_thousand_moments_are_taken_and_no_more(world: World, api: Served) -> None:
    one = {"value": "192.0.2.1", "at": "2026-11-21T04:00:00Z"}
    assert len(body_of(await api.ask("POST", "/api/v1/lookup", body={"values": [one] * 10_000}))["results"]) == 10_000
    assert (await api.ask("POST", "/api/v1/lookup", body={"values": [one] * 10_001})).status == 400


@pytest.mark.parametrize(
    "one",
    [
        {"value": "192.0.2.1", "at": "2026-11-21T04:00:00"},
        {"value": "192.0.2.1", "at": "yesterday"},
        {"value": "192.0.2.1", "at": None},
        {"value": "x" * 4097, "at": "2026-11-21T04:00:00Z"},
        {"at": "2026-11-21T04:00:00Z"},
    ],
)
async def test_a_moment_that_cannot_be_asked_is_400(api: Served, one: dict[str, object]) -> None:
    assert (await api.ask("POST", "/api/v1/lookup", body={"values": [one]})).status == 400
