"""`/metrics`: Prometheus text, gathered at each scrape from a registry of our own.

Series of sources have the source's name as their label: as many as there are declarations, never what came from a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import prometheus_client
import prometheus_client.core
from prometheus_client.core import CounterMetricFamily as CounterFamily
from prometheus_client.core import GaugeMetricFamily as GaugeFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from tipd.api import metrics_spam
from tipd.api.sight import seen
from tipd.errors import StoreAway

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from tipd.api.core import Core
    from tipd.api.services import Source
    from tipd.model.tlp import Tlp

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class _Gathered(prometheus_client.registry.Collector):
    """Families that were gathered already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


async def exposition(core: Core, max_tlp: Tlp) -> bytes:
    """Return the metrics as text; while the database is away `tipd_store_up` is 0 and what it knows is left out.

    Sources marked above `max_tlp` have no series, and what they list is not counted.
    """
    families = [*_process(core), *_stream(core), *await _index(core, max_tlp)]
    try:
        sources: Sequence[Source] = seen(await core.services.store.sources.all(), max_tlp)
        families += _sources(sources)
        families += await metrics_spam.families(core.services.store.spam, core.services.clock.now(), max_tlp)
        families += _sizes(await core.sizes.tables(), await core.sizes.growth())
    except StoreAway:
        families.append(_gauge("tipd_store_up", "Whether the database can be reached", 0))
    else:
        families.append(_gauge("tipd_store_up", "Whether the database can be reached", 1))
    registry = prometheus_client.CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(families))
    return generate_latest(registry)


def _gauge(name: str, about: str, value: float) -> GaugeFamily:
    return GaugeFamily(name, about, value=value)


def _counter(name: str, about: str, value: float) -> CounterFamily:
    return CounterFamily(name, about, value=value)


def _process(core: Core) -> Iterator[Metric]:
    build = GaugeFamily("tipd_build_info", "The version that runs", labels=["version"])
    build.add_metric([core.services.version], 1)
    yield build
    requests = CounterFamily("tipd_http_requests", "Requests answered", labels=["method", "route", "status"])
    for (method, route, status), count in sorted(core.requests.items()):
        requests.add_metric([method, route, str(status)], count)
    yield requests
    counts = core.connections
    yield _gauge("tipd_http_connections", "Connections open now", counts["accepted"] - counts["ended"])
    yield _counter("tipd_http_connections_refused", "Connections turned away at the cap", counts["refused"])
    blocking = core.services.blocking
    if blocking is not None:
        yield _counter("tipd_loop_blocked", "Task steps that held the loop too long", blocking.count)
        yield _gauge("tipd_loop_blocked_worst_seconds", "The longest of them", blocking.worst)


def _stream(core: Core) -> Iterator[Metric]:
    hub = core.hub
    yield _gauge("tipd_stream_readers", "Readers of the stream", hub.readers)
    yield _gauge("tipd_stream_position", "The last finding delivered to live readers (seq)", max(hub.position, 0))
    yield _counter("tipd_stream_messages", "Messages encoded for the stream", hub.counts["messages"])
    yield _counter("tipd_stream_cut", "Readers cut because they lagged", hub.counts["cut"])


async def _index(core: Core, max_tlp: Tlp) -> list[Metric]:
    index = core.services.index
    if index is None:
        return []
    return [
        _gauge("tipd_index_ready", "Whether the look-up index is loaded", int(index.ready)),
        _gauge("tipd_index_entries", "Indicators in the look-up index", await index.count(max_tlp)),
        _gauge("tipd_index_bytes", "Memory of the look-up index", index.bytes),
        _gauge("tipd_index_behind", "Findings committed that the index has not seen, at most", index.behind),
    ]


def _sources(sources: Sequence[Source]) -> Iterator[Metric]:
    state = GaugeFamily("tipd_source_state", "1 for the state a source is in", labels=["source", "state"])
    entries = GaugeFamily("tipd_source_entries", "Indicators a source lists now", labels=["source"])
    success = GaugeFamily("tipd_source_last_success_timestamp_seconds", "The last good fetch", labels=["source"])
    refused = GaugeFamily("tipd_source_refused", "Rows refused in the last body", labels=["source", "reason"])
    for source in sources:
        state.add_metric([source.name, source.state], 1)
        entries.add_metric([source.name], source.entries)
        if source.last_success is not None:
            success.add_metric([source.name], source.last_success.timestamp())
        for reason, count in source.refused.items():
            refused.add_metric([source.name, reason], count)
    yield from (state, entries, success, refused)


def _sizes(tables: Mapping[str, int], growth: Mapping[str, float]) -> Iterator[Metric]:
    size = GaugeFamily("tipd_table_bytes", "Bytes of a table with its indexes", labels=["table"])
    daily = GaugeFamily("tipd_table_growth_bytes_per_day", "Growth of a table", labels=["table"])
    for table, count in tables.items():
        size.add_metric([table], count)
    for table, rate in growth.items():
        daily.add_metric([table], rate)
    yield from (size, daily)
