from typing import Any


def test_status(tipd: Any, fake: Any) -> None:
    node = {"module": "blacklist", "state": "running", "restarts": 2, "facts": {"due": 3}, "children": []}
    child = {"module": "blacklist/ip\x1bsum", "state": "failed", "last_error": "no", "facts": {}, "children": []}
    told = {
        "version": "0.1.0",
        "now": "2026-11-22T04:00:00Z",
        "store": {"available": True},
        "nursery": {"modules": [node | {"children": [child]}], "channels": [{"name": "rows", "used": 1}]},
        "index": {"entries": 1000000},
    }
    fake.answers["GET", "/api/v1/status"] = 200, told
    assert tipd("status", "--json").lines == [told]
    waits = {"module": "fastflux", "state": "waiting", "facts": {"state": "needs_resolver", "why": "none is named"}}
    told["nursery"]["modules"].append(waits)
    out = tipd("status").out
    assert "fastflux                 needs_resolver why=none is named" in out
    assert "index    entries=1,000,000" in out
    assert "blacklist                running   restarts=2 due=3" in out
    assert "  ip\\x1bsum" in out
    assert "channel rows used=1" in out
