"""Look-ups, now and at a moment, and one indicator."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.api import START, Served, World, body_of, header
from support.flux import seen, tracked
from support.spam import fill

from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"values":1}', b'{"values":[1]}', b'{"values":[],"more":1}', b"\xff\xfe", b"[" * 100_000],
)
async def test_a_wrong_body_is_400(api: Served, body: bytes) -> None:
    assert (await api.ask("POST", "/api/v1/lookup", body=body)).status == 400


async def test_look_up(world: World, api: Served) -> None:
    answer = body_of(await api.ask("POST", "/api/v1/lookup", body={"values": ["198.51.100.7", "192.0.2.1"]}))
    assert [one["listed"] for one in answer["results"]] == [True, False]
    many = {"values": ["192.0.2.1"] * 10_001}
    assert (await api.ask("POST", "/api/v1/lookup", body=many)).status == 400
    world.index.ready = False
    loading = await api.ask("POST", "/api/v1/lookup", body={"values": ["192.0.2.1"]})
    assert loading.status == 503
    assert header(loading, "retry-after")
    ready = await api.ask("GET", "/readyz", token=None)
    assert ready.status == 200
    assert body_of(ready)["notes"] == ["the look-up index is loading"]


async def test_a_look_up_says_what_sources_say_where_it_is_asked_to(world: World, api: Served) -> None:
    one = SimpleNamespace(source="example_drop", first_seen=START, context={"port": 80}, tlp=Tlp.GREEN)
    hidden = SimpleNamespace(source="secret", first_seen=START, context={"port": 81}, tlp=Tlp.RED)
    world.sightings.past["198.51.100.7"] = [one, hidden]
    values = ["198.51.100.7", "192.0.2.1"]
    asked = {"values": values, "context": True}
    listed, free = body_of(await api.ask("POST", "/api/v1/lookup", body=asked, token="tip_read"))["results"]
    shown = {"source": "example_drop", "first_seen": "2026-11-22T04:00:00Z", "context": {"port": 80}}
    assert [match["said"] for match in listed["matches"]] == [[shown]]
    assert (free["listed"], free["matches"]) == (False, [])
    world.sightings.away = True
    assert body_of(await api.ask("POST", "/api/v1/lookup", body=asked))["results"][0]["listed"]
    plain = body_of(await api.ask("POST", "/api/v1/lookup", body={"values": values}))["results"]
    assert "said" not in plain[0]["matches"][0]


async def test_an_indicator_with_slashes_is_one_value(api: Served) -> None:
    answer = await api.ask("GET", "/api/v1/indicators/https%3A%2F%2Fexample.org%2Fa%2F%2Fb%3Fc%3Dd")
    assert body_of(answer)["value"] == "https://example.org/a//b?c=d"
    refused = await api.ask("GET", "/api/v1/indicators/192.168.1.1")
    assert refused.status == 400
    assert body_of(refused)["reason"] == "bogon"


async def test_a_tracked_name_and_an_address_of_it(world: World, api: Served) -> None:
    world.flux.put(
        tracked("flux.example.org", state=State.CONFIRMED, tier=Tier.CONFIRMED, holz=21180, tags=("lab",)),
        tracked("secret.example.org", tlp=Tlp.RED),
    )
    world.flux.records = [seen(name, "198.51.100.7") for name in world.flux.rows]
    name = body_of(await api.ask("GET", "/api/v1/indicators/flux.example.org"))
    assert name["flux"] == [
        {"domain": "flux.example.org", "state": "confirmed", "tags": ["lab"], "score": 211.8, "tier": "confirmed"}
    ]
    assert [(one["type"], one["data"], one["asn"]) for one in name["dns"]] == [("A", "198.51.100.7", 64500)]
    address = body_of(await api.ask("GET", "/api/v1/indicators/198.51.100.7"))
    assert [(one["domain"], one["score"]) for one in address["flux"]] == [("flux.example.org", None)]
    assert [one["name"] for one in address["dns"]] == ["flux.example.org"]
    hidden = body_of(await api.ask("GET", "/api/v1/indicators/secret.example.org"))
    assert (hidden["flux"], hidden["dns"]) == ([], [])
    whole = body_of(await api.ask("GET", "/api/v1/indicators/AS64500"))
    assert [one["domain"] for one in whole["flux"]] == ["flux.example.org"]
    other = body_of(await api.ask("GET", f"/api/v1/indicators/{'a1' * 16}"))
    assert (other["flux"], other["dns"]) == (None, None)
    explained = body_of(await api.ask("GET", "/api/v1/indicators/flux.example.org/explain"))
    assert "flux" not in explained


async def test_mails_and_campaigns_that_have_a_value(world: World, api: Served) -> None:
    fill(world.spam)
    told = body_of(await api.ask("GET", "/api/v1/indicators/198.51.100.7", token="tip_read"))
    assert (told["spam"]["mails"], told["spam"]["how"], told["spam"]["sources"]) == (5, ["relay"], ["mx1"])
    assert ([one["source"] for one in told["mails"]], told["campaigns"][0]["mails"]) == (["mx1"] * 5, 1200)
    hidden = body_of(await api.ask("GET", "/api/v1/indicators/203.0.113.66", token="tip_read"))
    assert (hidden["spam"], hidden["mails"], hidden["campaigns"]) == (None, [], [])
