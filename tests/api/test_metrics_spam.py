"""Metrics of spamtraps."""

from __future__ import annotations

from support.api import Served, World
from support.spam import HOUR, START, FakeSpam, agent, fill

from tipd.api.metrics_spam import families
from tipd.model.tlp import Tlp


async def test_agents_and_traps_have_series_as_far_as_the_mark_allows(world: World, api: Served) -> None:
    fill(world.spam)
    text = (await api.ask("GET", "/metrics", token="tip_read")).content.decode()
    assert 'tipd_agent_last_version{agent="mx1"} 7.0' in text
    assert 'tipd_agent_lag_seconds{agent="mx1"} 0.0' in text
    assert 'tipd_agent_records_total{agent="mx1"} 1234.0' in text
    assert 'tipd_spamtrap_mails{kind="agent",spamtrap="mx1"} 1234.0' in text
    assert "hidden" not in text


async def test_a_refusal_and_an_agent_that_never_answered() -> None:
    spam = FakeSpam(
        hosts=[agent("never", last=0, last_success=None, state="new"), agent("odd", refused="fork", gaps=2)]
    )
    told = {one.name: one for one in await families(spam, START + HOUR, Tlp.RED)}
    assert [sample.labels["agent"] for sample in told["tipd_agent_lag_seconds"].samples] == ["odd"]
    assert told["tipd_agent_lag_seconds"].samples[0].value == 3600
    assert [sample.labels for sample in told["tipd_agent_refused"].samples] == [{"agent": "odd", "reason": "fork"}]
    assert [sample.value for sample in told["tipd_agent_gaps"].samples] == [0, 2]


async def test_a_store_that_is_away_leaves_the_rest(world: World, api: Served) -> None:
    world.spam.away = True
    text = (await api.ask("GET", "/metrics")).content.decode()
    assert "tipd_store_up 0.0" in text and "tipd_agent" not in text
