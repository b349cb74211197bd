"""`/metrics` as Prometheus reads it."""

from __future__ import annotations

from support.api import Served, World, source


async def test_metrics_read_as_prometheus_text(world: World, api: Served) -> None:
    world.sources.rows["odd"] = source("odd", state="wrong_page", entries=3)
    await api.ask("GET", "/nowhere")
    text = (await api.ask("GET", "/metrics")).content.decode()
    assert 'tipd_source_state{source="odd",state="wrong_page"} 1.0' in text
    assert 'tipd_source_entries{source="example_drop"} 12.0' in text
    assert 'tipd_http_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'tipd_table_bytes{table="sighting"} 8192.0' in text
    assert "tipd_store_up 1.0" in text
    assert "tipd_stream_readers 0.0" in text
