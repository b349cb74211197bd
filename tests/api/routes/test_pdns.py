"""Passive DNS as COF, read as pypdns reads it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpcore
import pytest
from support.api import Served, World, body_of, header
from support.flux import START, seen, tracked

from tipd.model import dns
from tipd.model.tlp import Tlp

TYPES = {"A", "AAAA", "NS", "CNAME", "MX", "TXT", "SOA"}


class PyPDNS:
    """The client, as far as what it sends and how it reads what comes: `{url}/{q}`, basic or raw authorization."""

    def __init__(self, url: str, basic_auth: tuple[str, str] | None = None, auth_token: str | None = None) -> None:
        self.url = url
        if basic_auth is not None:
            auth_token = "Basic " + base64.b64encode(":".join(basic_auth).encode()).decode()
        self.headers = {"Authorization": auth_token or ""}

    async def query(self, q: str, filter_rrtype: str | None = None) -> list[dict[str, Any]]:
        headers = [*self.headers.items(), ("dribble-paginate-count", "50")]
        if filter_rrtype:
            headers.append(("dribble-filter-rrtype", filter_rrtype))
        async with httpcore.AsyncConnectionPool() as pool:
            given = [(key.encode(), value.encode()) for key, value in headers]
            response = await pool.request("GET", f"{self.url}/{q}", headers=given)
        if response.status != 200:
            raise LookupError(response.status)
        assert header(response, "x-dribble-cursor") is None  # there is no second page
        records = [json.loads(line) for line in response.content.decode().split("\n") if line]
        for record in records:
            self.check(record)
        return records

    @staticmethod
    def check(record: dict[str, Any]) -> None:
        assert isinstance(record["rrname"], str)
        assert record["rrtype"] in TYPES
        assert isinstance(record["rdata"], str | list)
        for key in ("time_first", "time_last", "count"):
            assert type(record[key]) is int
        assert isinstance(record.get("sensor_id", ""), str)
        datetime.fromtimestamp(record["time_first"], UTC)


@pytest.fixture
def known(world: World) -> World:
    world.flux.put(tracked("flux.example.org"), tracked("secret.example.org", tlp=Tlp.RED))
    world.flux.records = [
        seen("flux.example.org", "198.51.100.7", vantage="here"),
        seen("flux.example.org", "ns1.example.org", rtype=dns.NS),
        seen("secret.example.org", "198.51.100.7"),
    ]
    return world


async def test_a_client_of_others_reads_it(known: World, api: Served) -> None:
    client = PyPDNS(f"{api.url}/pdns/query", basic_auth=("anybody", "tip_read"))
    address, server = await client.query("flux.example.org")
    assert address == {
        "rrname": "flux.example.org",
        "rrtype": "A",
        "rdata": "198.51.100.7",
        "time_first": int(START.timestamp()),
        "time_last": int(START.timestamp()) + 3600,
        "count": 3,
        "sensor_id": "here",
    }
    assert (server["rrtype"], server["rdata"]) == ("NS", "ns1.example.org")
    raw = PyPDNS(f"{api.url}/pdns/query", auth_token="Bearer tip_read")
    assert [one["rrname"] for one in await raw.query("198.51.100.7")] == ["flux.example.org"]
    assert [one["rrtype"] for one in await raw.query("flux.example.org", filter_rrtype="NS")] == ["NS"]
    assert await raw.query("none.example.org") == []


@pytest.mark.parametrize("password", ["", "tip_wrong", "x" * 2000, "tip_réad"])
async def test_a_password_that_is_no_token(known: World, api: Served, password: str) -> None:
    with pytest.raises(LookupError, match="401"):
        await PyPDNS(f"{api.url}/pdns/query", basic_auth=("anybody", password)).query("flux.example.org")


async def test_how_it_is_asked(known: World, api: Served) -> None:
    answer = await api.ask("GET", "/pdns/query/flux.example.org?rrtype=a&limit=1", token="tip_read")
    assert header(answer, "content-type") == "application/x-ndjson"
    assert len(answer.content.splitlines()) == 1
    for path in ("http://example.org/x", "flux.example.org?limit=10001", "flux.example.org?odd=1"):
        problem = await api.ask("GET", f"/pdns/query/{path}")
        assert (problem.status, body_of(problem)["status"]) == (400, 400)
    assert (await api.ask("GET", "/pdns/query/flux.example.org", token="tip_stream")).status == 403
    known.flux.away = True
    assert (await api.ask("GET", "/pdns/query/flux.example.org")).status == 503
