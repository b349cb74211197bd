"""From the store's rows to the API's shapes."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from support.spam import HOUR, START, agent, campaign, detail, mail

from tipd.api.spam_view import agent_of, campaign_detail_of, lag_of, mail_of
from tipd.model.trapped import AgentRow


@pytest.mark.parametrize(
    ("row", "lag"),
    [
        (agent(), 0.0),  # nothing is missing, however long ago the last version was sealed
        (agent(last_there=9), 3600.0),  # since what was taken last was sealed
        (agent(last_there=9, last=0, sealed=None), 0.0),  # it answers, and the first is under way
        (agent(last=0, last_there=0, sealed=None), 0.0),
        (agent(last=0, last_there=None, sealed=None, last_success=None, state="new"), None),
        (agent(state="unreachable", last_success=START - 2 * HOUR), 7200.0),
        (agent(state="unreachable", last_there=9, last_success=START), 3600.0),
        (agent(refused="fork", last_success=START - 3 * HOUR), 10800.0),
        (agent(last_there=9, sealed=START + HOUR), 0.0),  # a clock that is ahead
    ],
)
def test_lag(row: AgentRow, lag: float | None) -> None:
    assert lag_of(row, START) == lag


def test_an_agent_says_what_stands_against_it() -> None:
    assert agent_of(agent(), START).refused is None
    told = agent_of(agent(refused="gap", refused_number=9, detail="8 is missing"), START).refused
    assert told is not None
    assert (told.reason, told.at, told.number, told.detail) == ("gap", None, 9, "8 is missing")


def test_a_refusal_ends_where_the_agent_is_well_again() -> None:
    refused: dict[str, Any] = {"refused": "clock", "refused_at": START}
    assert agent_of(agent(last_success=START + HOUR, **refused), START).refused is None
    assert agent_of(agent(last_success=START + HOUR, state="refused", **refused), START).refused is not None
    assert agent_of(agent(last_success=START - HOUR, **refused), START).refused is not None


def _table(known: dict[str, int]) -> Any:
    return SimpleNamespace(table=SimpleNamespace(of=known.get, name=lambda asn: ""))


def test_an_as_the_store_does_not_know_is_looked_up() -> None:
    told = campaign_detail_of(detail(campaign()), _table({"198.51.100.7": 1, "203.0.113.5": 64501}))
    assert [one.asn for one in told.relays] == [64500, 64501]
    assert [one.asn for one in campaign_detail_of(detail(campaign()), None).relays] == [64500, None]


def test_a_mail_without_campaign_and_trap() -> None:
    told = mail_of(mail(campaign=None, trap="", relay=None))
    assert (told.campaign, told.trap, told.relay) == (None, None, None)
    assert isinstance(told.at, datetime)
