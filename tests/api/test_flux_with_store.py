"""Tracked names through every door of the API, on the real store."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from support.api import FakeIndex, World, body_of, served
from support.sockets import websocket
from support.stores import START, HandClock, open_store

from tipd.model import dns
from tipd.model.dns import Outcome
from tipd.model.finding import NewFinding
from tipd.model.flux import CONFIRMED, Batch, Mark, NewName, Observation, Run, Score, State, Tier
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared
from tipd.store.store import Store

NOW = (START + timedelta(hours=1)).timestamp()
NAME, SIBLING, SECRET = "flux.example.org", "sibling.example.net", "secret.example.com"
DOMAINS, PIVOT = "/api/v1/flux/domains", "/api/v1/pivot"
VERDICT = {
    "tier": "confirmed",
    "reasons": [{"code": "holz", "text": "two windows", "value": 211.8, "bound": 142.38}],
    "model": "flux-1",
    "holz": {"score": 211.8, "n_a": 20, "n_asn": 10, "n_ns": 1, "window": ["a", "b"]},
    "features": {"fluxiness": 2.5},
}


def packed(address: str) -> bytes:
    return socket.inet_aton(address)


def observed(name: str, data: bytes, rtype: int = dns.A, asn: int = 64500, **more: Any) -> Observation:
    values = {"first": NOW - 600, "last": NOW, "count": 11, "ttl_min": 60, "ttl_max": 300, "true_ttl": False}
    return Observation(name=name, rtype=rtype, data=data, asn=asn, upstream="192.0.2.53:53", **(values | more))


class Doors:
    """An API on a real store."""

    def __init__(self, api: Any, store: Store, clock: HandClock) -> None:
        self.api, self.store, self.clock = api, store, clock
        self.tokens: dict[str, str] = {}

    async def token(self, mark: str) -> str:
        if mark not in self.tokens:
            body = {"scopes": ["read", "write", "stream"], "max_tlp": mark}
            made = await self.api.ask("POST", "/api/v1/tokens", token=None, control=True, body=body)
            self.tokens[mark] = body_of(made)["token"]
        return self.tokens[mark]

    async def __call__(
        self, path: str, method: str = "GET", body: Any = None, *, mark: str = "green", status: int = 200
    ) -> Any:
        answer = await self.api.ask(method, path, token=await self.token(mark), body=body)
        assert answer.status == status, answer.content
        if (answer.content or b"x")[:1] in b"{[" and b"\n" not in answer.content:
            return body_of(answer)
        return answer.content.decode().splitlines()


@asynccontextmanager
async def doors(dsn: str, folder: Any) -> Any:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        declared = {"open": Declared(tlp=Tlp.CLEAR, redistribute=True), "closed": Declared(tlp=Tlp.AMBER)}
        await store.sources.declare("blacklist", declared)
        services = replace(
            World().services(),
            store=store,
            index=FakeIndex(),
            available=lambda: store.available,
            subscribe=store.writer.subscribe,
        )
        async with served(services, folder) as api:
            yield Doors(api, store, clock)


async def fill(store: Store, clock: HandClock) -> None:
    """Confirm two names that share an address, and one that nobody below amber may know of."""
    names = [
        NewName(name=NAME, why="list", source="open", class_="malware", tags=("lab",)),
        NewName(name=SIBLING, why="person", by="me", tlp=Tlp.GREEN),
        NewName(name=SECRET, why="list", source="closed", class_="malware", tags=("lab",)),
    ]
    await store.flux.add(names)
    clock.move(timedelta(hours=1))
    known = {one.name: one.id async for page in store.flux.load() for one in page}
    told = [
        NewFinding(
            kind=CONFIRMED,
            module="fastflux",
            subject=Indicator(Kind.DOMAIN, name),
            data={"tags": tags},
            tlp=mark,
        )
        for name, tags, mark in ((NAME, ["lab"], Tlp.CLEAR), (SIBLING, [], Tlp.GREEN), (SECRET, ["lab"], Tlp.AMBER))
    ]
    marks = [
        Mark(
            id=number,
            state=State.CONFIRMED,
            reason="holz",
            since=NOW - 60,
            due=NOW + 60,
            ttl=60,
            samples=12,
            last_sample=NOW,
            holz=21180,
            tier=Tier.CONFIRMED,
            verdict=msgspec.json.encode(VERDICT),
        )
        for number in known.values()
    ]
    runs = [
        Run(
            name_id=known[NAME],
            first=NOW - 600 + 300 * turn,
            last=NOW - 600 + 300 * turn,
            count=1,
            outcome=Outcome.NOERROR,
            addresses=b"".join(packed(f"198.51.100.{10 * turn + place}") for place in range(10)),
            asns=tuple(range(64500, 64510)),
            ttl_min=60,
            ttl_max=60,
        )
        for turn in range(3)
    ]
    scores = [
        Score(
            id=known[NAME],
            at=NOW - 600 + 300 * turn,
            holz=21180 if turn else None,
            n_a=20,
            n_asn=10,
            total=10 * (turn + 1),
            tier=Tier.CONFIRMED,
            state=State.CONFIRMED if turn else State.CANDIDATE,
        )
        for turn in range(3)
    ]
    observations = [
        observed(NAME, packed("198.51.100.7")),
        observed(NAME, packed("198.51.100.8"), asn=64501, first=NOW - 300),
        observed(NAME, b"ns1.example.org", rtype=dns.NS, asn=0),
        observed("ns1.example.org", packed("203.0.113.5")),
        observed(SIBLING, packed("198.51.100.7")),
        observed(SECRET, packed("198.51.100.7")),
        observed(SECRET, packed("203.0.113.9")),
    ]
    batch = Batch(
        marks=tuple(marks),
        observations=tuple(observations),
        runs=tuple(runs),
        scores=tuple(scores),
        findings=tuple(told),
    )
    await store.flux.save(batch, vantage="here")


async def test_a_network_through_every_door(dsn: str, tmp_path: Any) -> None:
    async with doors(dsn, tmp_path) as ask:
        await fill(ask.store, ask.clock)
        await check_list(ask)
        await check_detail(ask)
        await check_walks(ask)
        await check_exports(ask)
        await check_findings(ask)
        await check_passive(ask)
        await check_rescore(ask)
        await check_changes(ask)


async def check_list(ask: Doors) -> None:
    for mark, names in (("clear", [NAME]), ("green", [NAME, SIBLING]), ("amber", [NAME, SECRET, SIBLING])):
        told = await ask(f"{DOMAINS}?state=confirmed&tier=confirmed", mark=mark)
        assert [one["domain"] for one in told["domains"]] == names
    (one,) = (await ask(f"{DOMAINS}?tag=lab&limit=1"))["domains"]
    assert (one["score"], one["state"], one["tlp"], one["apex"]) == (211.8, "confirmed", "clear", "example.org")
    first = await ask(f"{DOMAINS}?limit=1&text=example")
    second = await ask(f"{DOMAINS}?limit=1&text=example&after={first['next']}")
    assert ([one["domain"] for one in second["domains"]], second["next"]) == ([SIBLING], None)


async def check_detail(ask: Doors) -> None:
    told = await ask(f"{DOMAINS}/{NAME}")
    assert told["holz"] == VERDICT["holz"] | {"bound": 142.38, "flux": True}
    assert told["verdict"] == {key: VERDICT[key] for key in ("tier", "reasons", "model")}
    records = {one["type"]: {row["data"]: row["asn"] for row in one["records"]} for one in told["rrsets"]}
    assert records == {"A": {"198.51.100.7": 64500, "198.51.100.8": 64501}, "NS": {"ns1.example.org": None}}
    assert [(one["name"], one["addresses"]) for one in told["ns"]] == [("ns1.example.org", ["203.0.113.5"])]
    assert [one["addresses"] for one in told["growth"]] == [1, 2]
    assert [one["addresses"] for one in told["scores"]] == [10, 20, 30]
    assert [(one["why"], one["source"], one["class"]) for one in told["origins"]] == [("list", "open", "malware")]
    at = datetime.fromtimestamp(NOW - 450, UTC).isoformat().replace("+00:00", "Z")
    then = await ask(f"{DOMAINS}/{NAME}?at={at}")
    assert [row["data"] for row in then["rrsets"][0]["records"]] == ["198.51.100.7"]
    assert (then["state"], then["score"], len(then["scores"])) == ("candidate", None, 1)
    for name in (SECRET, "none.example.org"):
        await ask(f"{DOMAINS}/{name}", status=404)
    assert (await ask(f"{DOMAINS}/{SECRET}", mark="amber"))["origins"][0]["tlp"] == "amber"


async def check_walks(ask: Doors) -> None:
    for value in ("198.51.100.7", "198.51.100.0/24", "AS64500"):
        for mark, names in (("clear", {NAME}), ("green", {NAME, SIBLING}), ("amber", {NAME, SIBLING, SECRET})):
            rows = (await ask(f"{PIVOT}/{value}", mark=mark))["rows"]
            assert {row["value"] for row in rows if row["kind"] == "domain"} - {"ns1.example.org"} == names, value
    assert (await ask(f"{PIVOT}/203.0.113.9"))["rows"] == []
    served_by = [row for row in (await ask(f"{PIVOT}/203.0.113.5"))["rows"] if row["how"] == "served_by"]
    assert [(row["value"], row["via"], row["watched"]) for row in served_by] == [(NAME, "ns1.example.org", "confirmed")]
    shared = [row for row in (await ask(f"{PIVOT}/{NAME}"))["rows"] if row["how"] == "shares"]
    assert [(row["value"], row["via"]) for row in shared] == [(SIBLING, "198.51.100.7")]
    assert [row["value"] for row in (await ask(f"{PIVOT}/198.51.100.7?tag=lab"))["rows"]] == [NAME]
    assert (await ask(f"{PIVOT}/198.51.100.7?until=2020-01-01T00:00:00Z"))["rows"] == []


async def check_exports(ask: Doors) -> None:
    assert await ask("/api/v1/exports/flux.txt") == [NAME, SIBLING]
    assert await ask("/api/v1/exports/flux.txt?public=1", mark="red") == [NAME]
    assert await ask("/api/v1/exports/flux.txt?tag=lab", mark="red") == [NAME, SECRET]
    assert await ask("/api/v1/exports/flux-nodes.txt") == ["198.51.100.7", "198.51.100.8"]
    assert await ask("/api/v1/flux/export?of=nodes", mark="amber") == ["198.51.100.7", "198.51.100.8", "203.0.113.9"]
    assert await ask("/api/v1/flux/export?state=dropped") == []
    counted = {one["name"]: one["entries"] for one in (await ask("/api/v1/exports"))["lists"]}
    assert (counted["flux"], counted["flux-nodes"]) == (2, 2)
    row = msgspec.json.decode((await ask("/api/v1/exports/flux.jsonl?tag=lab&public=0") + [""])[0] or b"{}")
    assert (row["kind"], row["value"], row["sources"]) == ("domain", NAME, ["open"])


async def check_findings(ask: Doors) -> None:
    page = await ask("/api/v1/findings?since=0&tag=lab")
    assert [(one["kind"], one["subject"]["value"]) for one in page["findings"]] == [
        ("flux.candidate", NAME),
        (CONFIRMED, NAME),
    ]
    told = await websocket(ask.api, "?since=0&tag=lab&kind=flux.confirmed", token=await ask.token("amber"))
    assert len(await told.findings(2)) == 2


async def check_passive(ask: Doors) -> None:
    rows = [msgspec.json.decode(line) for line in await ask("/pdns/query/198.51.100.7")]
    assert sorted((row["rrname"], row["rdata"], row["count"]) for row in rows) == [
        (NAME, "198.51.100.7", 11),
        (SIBLING, "198.51.100.7", 11),
    ]
    about = await ask("/api/v1/indicators/198.51.100.7")
    assert {one["domain"] for one in about["flux"]} == {NAME, SIBLING}
    assert (await ask(f"/api/v1/indicators/{SECRET}"))["flux"] == []
    assert (await ask("/api/v1/flux/networks"))["networks"] == []


async def check_rescore(ask: Doors) -> None:
    told = await ask("/api/v1/flux/rescore", "POST", {"domains": [NAME, SIBLING, SECRET]})
    assert [(one["domain"], one["looks"], one["score"]) for one in told["domains"]] == [(NAME, 3, 211.8)]
    assert (told["without"], told["missing"]) == ([SIBLING], [SECRET])


async def check_changes(ask: Doors) -> None:
    row = await ask(f"{DOMAINS}/{SIBLING}", "POST", {"add_tags": ["mine"], "note": "seen twice"})
    assert (row["tags"], row["note"]) == (["mine"], "seen twice")
    await ask(f"{DOMAINS}/{SECRET}", "POST", {"add_tags": ["mine"]}, status=404)
    done = await ask(DOMAINS, "POST", {"domains": [SECRET, NAME, "new.example.org"], "tags": ["by-hand"]})
    assert [one["result"] for one in done["results"]] == ["new", "known", "new"]
    walked = await ask(f"{PIVOT}/198.51.100.7", "POST", {"tags": ["walked"], "follow": True})
    assert {one["domain"] for one in walked["domains"]} == {NAME, SIBLING, SECRET}  # known to the caller since
    await ask(f"{DOMAINS}/{SIBLING}?reason=mine", "DELETE")
    assert (await ask(f"{DOMAINS}/{SIBLING}"))["state"] == "dropped"
    # What was said of it under amber stays amber, and tags of the name with it: green eyes see it without them.
    assert await ask("/api/v1/exports/flux.txt?tag=walked") == [NAME]
    assert SECRET in await ask("/api/v1/exports/flux.txt")


async def test_an_import_on_the_real_store(dsn: str, tmp_path: Any) -> None:
    async with doors(dsn, tmp_path) as ask:
        lines = (
            b"".join(b"host%d.example%d.org\n" % (number, number % 97) for number in range(12_000)) + b"rubbish\n" * 3
        )
        done = await ask("/api/v1/flux/import?tag=bulk&note=from%20a%20list&tlp=amber", "POST", lines, mark="amber")
        assert (done["lines"], done["new"], done["refused"], done["faults"][0]["line"]) == (12_003, 12_000, 3, 12_001)
        again = await ask("/api/v1/flux/import?tag=bulk", "POST", lines, mark="green")
        assert (again["new"], again["known"]) == (12_000, 0)  # that they were known is not for green eyes
        page = await ask(f"{DOMAINS}?tag=bulk&apex=example5.org&limit=10000", mark="amber")
        assert len(page["domains"]) == len(range(5, 12_000, 97))
        assert (await ask(f"{DOMAINS}?apex=example5.org&limit=10000"))["domains"][0]["tags"] == []
        told = await ask("/api/v1/findings?since=0&kind=flux.candidate&initial=false", mark="amber")
        assert told["findings"] == []


async def test_a_name_without_an_answer_yet(dsn: str, tmp_path: Any) -> None:
    async with doors(dsn, tmp_path) as ask:
        for start in range(3):
            names = [f"host{number}.example.org" for number in range(start * 10, start * 10 + 10)]
            assert (await ask(DOMAINS, "POST", {"domains": names}))["new"] == 10
        bad = {"domains": [NAME], "tags": ["two words"]}
        assert "no tag" in (await ask(DOMAINS, "POST", bad, status=400))["detail"]
        later = START + timedelta(days=1)
        told = await ask(f"{DOMAINS}/host1.example.org?at={later.isoformat().replace('+00:00', 'Z')}")
        assert told["rrsets"] == []


HOSTILE = ("%00", "%F0%9F%92%A9", "'%3B--", "%25", "_", "%5C", "x" * 200)


async def test_hostile_text_is_refused_or_finds_nothing(dsn: str, tmp_path: Any) -> None:
    async with doors(dsn, tmp_path) as ask:
        await fill(ask.store, ask.clock)
        token = await ask.token("red")
        asked = [f"{DOMAINS}?{key}={text}" for key in ("text", "apex", "tag", "after") for text in HOSTILE]
        asked += [f"{PIVOT}/192.0.2.1?tag={text}" for text in HOSTILE]
        asked += [f"{PIVOT}/{text}" for text in HOSTILE]
        asked += [f"/pdns/query/{text}" for text in HOSTILE]
        asked += [f"/api/v1/exports/flux.txt?tag={text}" for text in HOSTILE]
        asked += [f"/api/v1/findings?tag={text}" for text in HOSTILE]
        for path in asked:
            answer = await ask.api.ask("GET", path, token=token)
            assert answer.status in {200, 400, 404}, (path, answer.status, answer.content)
        for path, body in (
            (f"{DOMAINS}/{NAME}", {"remove_tags": ["a\0b", "\U0001f4a9"], "note": "\U0001f4a9 \ud7ff"}),
            ("/api/v1/flux/rescore", {"after": "\0"}),
            (DOMAINS, {"domains": ["a\0b.example.org", "\U0001f4a9.example.org"], "note": "a\tb"}),
            (f"{PIVOT}/192.0.2.1", {"tag": ["\0"]}),
        ):
            answer = await ask.api.ask("POST", path, token=token, body=body)
            assert answer.status in {200, 400}, (path, answer.status, answer.content)
        gone = await ask.api.ask("DELETE", f"{DOMAINS}/{NAME}?reason=%F0%9F%92%A9", token=token)
        assert gone.status == 200
