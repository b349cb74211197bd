"""Metrics of spamtraps; series have the names of archives and agents as their labels, never what came out of a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily as CounterFamily
from prometheus_client.core import GaugeMetricFamily as GaugeFamily

from tipd.api.spam_view import is_refused, lag_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from prometheus_client.core import Metric

    from tipd.api.services_spam import Spam
    from tipd.model.tlp import Tlp
    from tipd.model.trapped import AgentRow, Spamtraps


async def families(spam: Spam, now: datetime, max_tlp: Tlp) -> list[Metric]:
    """Return what is told of agents and traps that may be seen. Raises StoreAway."""
    agents = await spam.agents(max_tlp=max_tlp)
    traps = await spam.spamtraps(days=1, recipients=False, max_tlp=max_tlp)
    return [*_agents(agents, now), *_traps(traps)]


def _agents(agents: Sequence[AgentRow], now: datetime) -> Iterator[Metric]:
    last = GaugeFamily("tipd_agent_last_version", "The version taken last", labels=["agent"])
    lag = GaugeFamily("tipd_agent_lag_seconds", "For how long mails may be missing here", labels=["agent"])
    gaps = GaugeFamily("tipd_agent_gaps", "Versions that were gone before they could be taken", labels=["agent"])
    records = CounterFamily("tipd_agent_records", "Mails taken", labels=["agent"])
    refused = GaugeFamily("tipd_agent_refused", "1 where what it sends is refused", labels=["agent", "reason"])
    for row in agents:
        last.add_metric([row.name], row.last)
        gaps.add_metric([row.name], row.gaps)
        records.add_metric([row.name], row.records)
        behind = lag_of(row, now)
        if behind is not None:
            lag.add_metric([row.name], behind)
        if is_refused(row):
            refused.add_metric([row.name, row.refused or ""], 1)
    yield from (last, lag, gaps, records, refused)


def _traps(found: Spamtraps) -> Iterator[Metric]:
    mails = GaugeFamily("tipd_spamtrap_mails", "Mails kept count of", labels=["spamtrap", "kind"])
    listed = GaugeFamily("tipd_spamtrap_entries", "Addresses listed now because of it", labels=["spamtrap", "kind"])
    for one in found.traps:
        mails.add_metric([one.name, one.kind], one.mails)
        listed.add_metric([one.name, one.kind], one.entries)
    yield from (mails, listed)
    yield GaugeFamily("tipd_spam_mails_today", "Mails received today (UTC)", value=sum(one.mails for one in found.days))
