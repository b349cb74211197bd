"""The REST routes: shapes, filters, positions, exports, tokens."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest
from support.api import START, Served, World, body_of, finding, header, source

from tipd.api.app import ROUTES
from tipd.api.openapi import openapi_path
from tipd.api.shapes import FindingsPage, ProblemShape
from tipd.model.kind import Kind


def listed(kind: Kind, value: str, *sources: str) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, value=value, sources=list(sources), since=START)


PATHS = {"{name}": "example_drop", "{value}": "198.51.100.7", "{file}": "all.txt", "{token_id}": "none"}


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.answer is not None and not route.body], ids=lambda route: route.name
)
async def test_answers_have_the_shape_they_declare(world: World, api: Served, route) -> None:
    world.findings.tell(finding(1), finding(2))
    path = openapi_path(route)
    for part, text in PATHS.items():
        path = path.replace(part, text)
    answer = await api.ask(route.method, path)
    assert answer.status == route.status, answer.content
    msgspec.json.decode(answer.content, type=route.answer)


async def test_the_document_names_every_route_and_no_other(api: Served) -> None:
    document = body_of(await api.ask("GET", "/openapi.json", token=None))
    assert document["openapi"] == "3.1.0"
    told = {(path, method) for path, one in document["paths"].items() for method in one}
    assert told == {(openapi_path(route), route.method.lower()) for route in ROUTES if not route.page}
    rules = {re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule) for rule in api.app.url_map.iter_rules()}
    assert {path for path, _ in told} <= rules
    text = msgspec.json.encode(document).decode()
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in schemas
    for one in document["paths"].values():
        for operation in one.values():
            assert operation["summary"]


async def test_findings_by_page(world: World, api: Served) -> None:
    world.findings.tell(*[finding(seq, "source.degraded" if seq == 5 else "indicator.listed") for seq in range(1, 10)])
    page = msgspec.json.decode((await api.ask("GET", "/api/v1/findings?since=2&limit=3")).content, type=FindingsPage)
    assert ([one.seq for one in page.findings], page.last, page.more, page.store_id) == ([3, 4, 5], 5, True, "one")
    rest = body_of(await api.ask("GET", "/api/v1/findings?since=5"))
    assert ([one["seq"] for one in rest["findings"]], rest["last"], rest["more"]) == ([6, 7, 8, 9], 9, False)
    rare = body_of(await api.ask("GET", "/api/v1/findings?since=5&kind=source.degraded"))
    assert (rare["findings"], rare["last"], rare["more"]) == ([], 9, False)
    assert len(body_of(await api.ask("GET", "/api/v1/findings?kind=source.degraded,indicator.listed"))["findings"]) == 9


@pytest.mark.parametrize("query", ["since=3", "since=10", "since=5&store_id=other"])
async def test_a_cursor_that_is_gone_is_410_with_what_there_is(world: World, api: Served, query: str) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 10)])
    world.findings.prune(4)
    answer = await api.ask("GET", f"/api/v1/findings?{query}")
    assert answer.status == 410
    body = body_of(answer)
    assert (body["first"], body["last"], body["store_id"]) == (5, 9, "one")
    msgspec.json.decode(answer.content, type=ProblemShape)
    # One may resume from just before the first there is.
    assert (await api.ask("GET", "/api/v1/findings?since=4")).status == 200
    assert len(body_of(await api.ask("GET", "/api/v1/findings"))["findings"]) == 5


@pytest.mark.parametrize(
    "query", ["since=x", "since=-1", "limit=0", "limit=10001", "limit=5&limit=6", "nonsense=1", "kind=!"]
)
async def test_a_wrong_query_is_400_and_names_it(api: Served, query: str) -> None:
    answer = await api.ask("GET", f"/api/v1/findings?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in body_of(answer)["detail"] or "kind" in body_of(answer)["detail"]


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


async def test_look_up_at_a_moment_asks_the_history(world: World, api: Served) -> None:
    world.sightings.past["192.0.2.1"] = [
        SimpleNamespace(
            source="example_drop",
            opened=START,
            closed=START + timedelta(days=1),
            last_seen=START,
            reason="left",
            context={},
        )
    ]
    asked = [{"value": "192.0.2.1", "at": f"2026-11-{day}T05:00:00Z"} for day in (21, 22, 24)]
    body = {"values": ["198.51.100.7", *asked]}
    results = body_of(await api.ask("POST", "/api/v1/lookup", body=body))["results"]
    assert [one["listed"] for one in results] == [True, False, True, False]
    assert (results[2]["sources"], results[2]["confidence"]) == (["example_drop"], 0.5)
    naive = {"values": [{"value": "192.0.2.1", "at": "2026-11-22T05:00:00"}]}
    assert (await api.ask("POST", "/api/v1/lookup", body=naive)).status == 400


async def test_an_indicator_with_slashes_is_one_value(api: Served) -> None:
    answer = await api.ask("GET", "/api/v1/indicators/https%3A%2F%2Fexample.org%2Fa%2F%2Fb%3Fc%3Dd")
    assert body_of(answer)["value"] == "https://example.org/a//b?c=d"
    refused = await api.ask("GET", "/api/v1/indicators/192.168.1.1")
    assert refused.status == 400
    assert body_of(refused)["reason"] == "bogon"


async def test_sources_are_shown_and_run(world: World, api: Served) -> None:
    world.sources.rows["elsewhere"] = source("elsewhere", module="spamtrap")
    (one, _) = body_of(await api.ask("GET", "/api/v1/sources"))["sources"]
    assert (one["name"], one["state"], one["weight"], one["entries"]) == ("example_drop", "ok", 0.5, 12)
    assert (one["refused"], one["next_run"]) == ({"bogon": 2}, "2026-11-22T05:00:00Z")
    assert (await api.ask("POST", "/api/v1/sources/example_drop/run")).status == 202
    assert world.scheduler.asked == [("blacklist", ("example_drop",))]
    assert (await api.ask("POST", "/api/v1/sources/nowhere/run")).status == 404
    assert (await api.ask("POST", "/api/v1/sources/elsewhere/run")).status == 409
    assert (await api.ask("POST", "/api/v1/sources/example_drop/run", token="tip_read")).status == 403


async def test_tokens_are_made_listed_and_revoked(api: Served) -> None:
    asked = {"scopes": ["read"], "note": "scraper", "expires_in": "30d"}
    made = await api.ask("POST", "/api/v1/tokens", body=asked)
    assert made.status == 201
    token = body_of(made)
    assert (token["scopes"], token["note"]) == (["read"], "scraper")
    assert token["token"].encode() not in (await api.ask("GET", "/api/v1/tokens")).content
    assert (await api.ask("GET", "/metrics", token=token["token"])).status == 200
    assert (await api.ask("DELETE", f"/api/v1/tokens/{token['id']}")).status == 204
    assert (await api.ask("DELETE", f"/api/v1/tokens/{token['id']}")).status == 404
    assert (await api.ask("GET", "/metrics", token=token["token"])).status == 401
    for wrong in ({"scopes": ["root"]}, {"scopes": []}, {"scopes": ["read"], "expires_in": "soon"}):
        assert (await api.ask("POST", "/api/v1/tokens", body=wrong)).status == 400


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


async def exported(api: Served, path: str, **headers: str):
    return await api.ask("GET", f"/api/v1/exports/{path}", headers=headers)


async def test_exports_filter_and_format(world: World, api: Served) -> None:
    world.sightings.listed = [
        listed(Kind.IPV4, "198.51.100.7", "example_drop", "odd"),
        listed(Kind.DOMAIN, "example.org", "odd"),
        listed(Kind.IPV6, "2001:db8::1", "example_drop"),
    ]
    world.sources.rows["odd"] = source("odd")
    assert (await exported(api, "all.txt")).content == b"198.51.100.7\nexample.org\n2001:db8::1\n"
    assert (await exported(api, "all.txt?kind=ipv4&kind=ipv6")).content == b"198.51.100.7\n2001:db8::1\n"
    assert (await exported(api, "all.txt?kind=ipv4,ipv6&source=odd")).content == b"198.51.100.7\n"
    table = await exported(api, "all.csv")
    assert table.content.splitlines()[1] == b"ipv4,198.51.100.7,example_drop odd,2026-11-22T04:00:00Z"
    assert (header(table, "content-type") or "").startswith("text/csv")
    assert len((await exported(api, "all.jsonl")).content.splitlines()) == 3
    for path, status in (("none.txt", 404), ("all.exe", 404), ("all.txt?kind=odd", 400), ("all.txt?source=none", 400)):
        assert (await exported(api, path)).status == status


async def test_exports_are_compressed_and_answer_304_until_something_changes(world: World, api: Served) -> None:
    world.findings.tell(finding(1))
    world.sightings.listed = [listed(Kind.IPV4, f"198.51.100.{number}", "example_drop") for number in range(250)]
    plain = await exported(api, "all.txt")
    packed = await exported(api, "all.txt", **{"Accept-Encoding": "br, gzip;q=0.5"})
    assert header(packed, "content-encoding") == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert header(packed, "etag") != header(plain, "etag")
    assert header(packed, "vary") == "Accept-Encoding"
    assert header(await exported(api, "all.txt", **{"Accept-Encoding": "gzip;q=0"}), "content-encoding") is None
    for held in (header(plain, "etag"), header(packed, "etag"), f"W/{header(plain, 'etag')}", "*"):
        again = await exported(api, "all.txt", **{"If-None-Match": held or ""})
        assert (again.status, again.content) == (304, b"")
        assert header(again, "etag") == header(plain, "etag")
    assert (await exported(api, "all.csv", **{"If-None-Match": header(plain, "etag") or ""})).status == 200
    world.findings.tell(finding(2))
    assert (await exported(api, "all.txt", **{"If-None-Match": header(plain, "etag") or ""})).status == 200


async def test_the_lists_are_listed(world: World, api: Served) -> None:
    world.findings.tell(finding(7))
    (one,) = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert (one["name"], one["entries"], one["build"], one["formats"]) == ("all", 12, 7, ["txt", "csv", "jsonl"])
