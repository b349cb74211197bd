"""What is printed of tracking, out of what the API says."""

from pathlib import Path

import pytest

from demo import daemon, flux_report

ROW = {"domain": "single-flux.example", "state": "confirmed", "tier": "confirmed", "score": 242.4, "tags": ["ours"]}
OTHER = {"domain": "other.example", "state": "watched", "tier": "benign", "score": None, "tags": []}
RRSETS = [
    {"type": "NS", "records": [{"data": "ns1.single-flux.example"}]},
    {"type": "A", "records": [{"data": "192.0.2.1"}, {"data": "192.0.2.2"}]},
]
SHARED = [
    {"kind": "domain", "value": "single-flux.example"},
    {"kind": "domain", "value": "b.example"},
    {"kind": "domain", "value": "b.example"},
    {"kind": "asn", "value": "AS64496"},
]
PAGES = {
    "/api/v1/flux/domains?limit=10000&after=": {"domains": [OTHER], "next": "other.example"},
    "/api/v1/flux/domains?limit=10000&after=other.example": {"domains": [ROW], "next": None},
    "/api/v1/flux/domains/single-flux.example": {"rrsets": RRSETS},
    "/api/v1/pivot/192.0.2.1": {"rows": SHARED[:1]},
    "/api/v1/pivot/192.0.2.2": {"rows": SHARED},
    "/api/v1/flux/networks": {"networks": [{"network": 4, "names": ["b.example", "single-flux.example"]}]},
}


@pytest.fixture
def api(monkeypatch):
    pages = dict(PAGES)

    async def ask(_config, path, **_):
        return pages[path]

    monkeypatch.setattr(daemon, "ask", ask)
    return pages


async def test_confirmed_names_a_node_and_networks_are_told(api, capsys):
    await flux_report.print_flux(Path("tipd.toml"))
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.startswith("single-flux.example"))
    assert row.split()[1:5] == ["confirmed", "confirmed", "242.40", "ours"]
    assert "fast-flux networks confirmed: single-flux.example\n" in said
    assert "the node 192.0.2.2 leads to: b.example, single-flux.example\n" in said
    assert "network 4 shares addresses: b.example, single-flux.example\n" in said


async def test_where_nothing_was_found_that_is_said(api, capsys):
    api["/api/v1/flux/domains?limit=10000&after="] = {"domains": [OTHER], "next": None}
    api["/api/v1/flux/networks"] = {"networks": []}
    await flux_report.print_flux(Path("tipd.toml"))
    said = capsys.readouterr().out
    assert "fast-flux networks confirmed: none" in said
    assert "leads to" not in said
    assert len([line for line in said.splitlines() if " -  " in line]) > 10
