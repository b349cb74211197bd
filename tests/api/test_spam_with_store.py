"""Spamtraps through every door of the API, on the real store: what stricter sources brought is nowhere."""

from __future__ import annotations

import base64
import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from support.api import FakeIndex, World, body_of, served
from support.spam import NASTY
from support.spamming import batch, declare, file, mail, sha, url
from support.stores import START, HandClock, open_store

from tipd.model.spam import CAMPAIGN, ArchiveMark, VersionMark
from tipd.model.tlp import Tlp
from tipd.store.store import Store

RELAY, HIDDEN = "192.0.2.1", "192.0.2.66"
KEY = base64.b64encode(b"k" * 32).decode()


class Doors:
    """An API on a real store."""

    def __init__(self, api: Any, store: Store, clock: HandClock) -> None:
        self.api, self.store, self.clock = api, store, clock
        self.tokens: dict[str, str] = {}

    async def token(self, mark: str) -> str:
        if mark not in self.tokens:
            body = {"scopes": ["read"], "max_tlp": mark}
            made = await self.api.ask("POST", "/api/v1/tokens", token=None, control=True, body=body)
            self.tokens[mark] = body_of(made)["token"]
        return self.tokens[mark]

    async def __call__(self, path: str, *, mark: str = "green", status: int = 200) -> Any:
        answer = await self.api.ask("GET", path, token=await self.token(mark))
        assert answer.status == status, (path, answer.status, answer.content)
        return answer.content.decode() if path == "/metrics" else body_of(answer)


@asynccontextmanager
async def doors(dsn: str, folder: Any) -> Any:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        await declare(store, open=Tlp.GREEN, closed=Tlp.AMBER)
        services = replace(
            World().services(),
            store=store,
            index=FakeIndex(),
            clock=clock,
            available=lambda: store.available,
            subscribe=store.writer.subscribe,
        )
        async with served(services, folder) as api:
            yield Doors(api, store, clock)


def version(number: int) -> VersionMark:
    """Return the mark of a version of the agent `closed`."""
    said = {"sealed": START.isoformat(), "records": 5, "bytes": 900, "tlp": "amber", "licence": "CC0", "onward": True}
    manifest = msgspec.json.encode({"n": number, **said})
    digest = hashlib.sha256(manifest).digest()
    return VersionMark(agent="closed", view="redacted", number=number, manifest=manifest, sha256=digest, key=b"k" * 32)


async def fill(store: Store) -> None:
    """Store one campaign that both sources brought, and one that only the closed one did."""
    both: dict[str, Any] = {"subject": NASTY.replace("\x1b", "")}
    mark = ArchiveMark(archive="open", name="2026.7z", sha256=sha(0), members=3, done=True)
    await store.spam.take(
        batch(
            *(mail(n, urls=(0,), files=(0,), trap=bytes([n + 1]) * 8, defects=1, **both) for n in range(3)),
            mail("bounce", class_=1, keys=(), relay="192.0.2.3", sighted=False),
            source="open",
            urls=(url("*.example.org", "{t}"),),
            files=(file(1, name=NASTY.replace("\x1b", ""), size=4711),),
            archive=mark,
        )
    )
    await store.spam.take(
        batch(
            *(mail(n, urls=(0,), **both) for n in range(2, 9)),
            *(mail(n, keys=(77,), relay=HIDDEN, subject="hush", urls=(1,)) for n in range(20, 26)),
            source="closed",
            urls=(url("only.example.net", "{t}"), url("hush.example.net", "{t}", key=77)),
            versions=(version(1), version(2)),
        )
    )


async def test_spam_through_every_door(dsn: str, tmp_path: Any) -> None:
    async with doors(dsn, tmp_path) as ask:
        await fill(ask.store)
        shown = await check_campaigns(ask)
        await check_one(ask, *shown)
        await check_traps(ask)
        await check_agents(ask)
        await check_mails(ask, *shown)
        await check_indicators(ask)
        await check_findings(ask)


async def check_campaigns(ask: Doors) -> tuple[str, str]:
    (green,) = (await ask("/api/v1/campaigns"))["campaigns"]
    assert (green["mails"], green["traps"], green["sources"], green["tlp"]) == (3, 3, ["open"], "green")
    assert green["kept"] == {"urls": 1, "hosts": 1, "attachments": 1, "relays": 1}
    assert green["subject"] == NASTY.replace("\x1b", "")
    amber = (await ask("/api/v1/campaigns?order=mails", mark="amber"))["campaigns"]
    assert [(one["mails"], one["tlp"]) for one in amber] == [(10, "amber"), (6, "amber")]
    assert (amber[0]["campaign"], sorted(amber[0]["sources"])) == (green["campaign"], ["closed", "open"])
    for order in ("first", "last", "traps"):
        page = await ask(f"/api/v1/campaigns?order={order}&limit=1", mark="amber")
        rest = await ask(f"/api/v1/campaigns?order={order}&limit=1&after={page['next']}", mark="amber")
        assert {page["campaigns"][0]["campaign"], rest["campaigns"][0]["campaign"]} == {
            one["campaign"] for one in amber
        }
        assert rest["next"] is None
    later = (START + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert (await ask(f"/api/v1/campaigns?since={later}", mark="amber"))["campaigns"] == []
    assert len((await ask("/api/v1/campaigns?text=hush", mark="amber"))["campaigns"]) == 1
    assert (await ask("/api/v1/campaigns?text=hush"))["campaigns"] == []
    assert (await ask("/api/v1/campaigns?text=only.example"))["campaigns"] == []
    return green["campaign"], amber[1]["campaign"]


async def check_one(ask: Doors, shared: str, hidden: str) -> None:
    told = await ask(f"/api/v1/campaigns/{shared}")
    assert told["days"] == [{"day": START.date().isoformat(), "mails": 3}]
    assert [(one["host"], one["count"]) for one in told["urls"]] == [("*.example.org", 3)]
    assert [one["host"] for one in told["hosts"]] == ["*.example.org"]
    assert [(one["sha256"], one["bytes"], one["count"]) for one in told["attachments"]] == [
        (sha("file 1").hex(), 4711, 3)
    ]
    assert [(one["address"], one["count"]) for one in told["relays"]] == [(RELAY, 3)]
    assert {one["source"] for one in told["recipients"]} <= {"open"}
    whole = await ask(f"/api/v1/campaigns/{shared}", mark="amber")
    assert {one["host"] for one in whole["hosts"]} == {"*.example.org", "only.example.net"}
    await ask(f"/api/v1/campaigns/{hidden}", status=404)
    assert (await ask(f"/api/v1/campaigns/{hidden}", mark="amber"))["subject"] == "hush"


async def check_traps(ask: Doors) -> None:
    green = await ask("/api/v1/spamtraps?days=7")
    assert [(one["name"], one["kind"], one["mails"]) for one in green["spamtraps"]] == [("open", "archive", 4)]
    assert (len(green["days"]), green["days"][-1]["mails"]) == (7, 4)
    assert (green["classes"], green["defects"]) == ({"spam": 3, "bounce": 1}, {"cut": 3})
    assert sum(one["mails"] for one in green["networks"]) in {3, 4}
    amber = await ask("/api/v1/spamtraps?days=7", mark="amber")
    assert {one["name"]: one["kind"] for one in amber["spamtraps"]} == {"open": "archive", "closed": "agent"}
    assert amber["days"][-1]["mails"] == 17
    text = await ask("/metrics")
    assert "tipd_spam_mails_today 4.0" in text and "closed" not in text


async def check_agents(ask: Doors) -> None:
    assert (await ask("/api/v1/agents"))["agents"] == []
    await ask("/api/v1/agents/closed", status=404)
    (told,) = (await ask("/api/v1/agents", mark="amber"))["agents"]
    assert (told["name"], told["view"], told["last"], told["records"], told["gaps"]) == ("closed", "redacted", 2, 10, 0)
    assert (told["key"], told["onward"], told["licence"], told["tlp"]) == (KEY, True, "CC0", "amber")
    assert told["refused"] is None
    await ask.store.spam.refused("closed", "redacted", 3, "fork", "another 2")
    told = await ask("/api/v1/agents/closed", mark="amber")
    assert (told["refused"]["reason"], told["refused"]["number"], told["last"]) == ("fork", 3, 2)


async def check_mails(ask: Doors, shared: str, hidden: str) -> None:
    assert {one["source"] for one in (await ask("/api/v1/mails"))["mails"]} == {"open"}
    seen, after = [], ""
    while after is not None:
        page = await ask(f"/api/v1/mails?campaign={shared}&limit=2&after={after}", mark="amber")
        seen += [(one["sha256"], one["source"]) for one in page["mails"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 10
    assert (await ask(f"/api/v1/mails?campaign={hidden}"))["mails"] == []
    assert len((await ask(f"/api/v1/mails?value={RELAY}"))["mails"]) == 3
    assert (await ask(f"/api/v1/mails?value={HIDDEN}"))["mails"] == []
    told = await ask(f"/api/v1/mails/{sha(2).hex()}")
    assert [one["source"] for one in told["mails"]] == ["open"]
    assert (told["mails"][0]["defects"], told["mails"][0]["campaign"]) == (["cut"], shared)
    both = await ask(f"/api/v1/mails/{sha(2).hex()}", mark="amber")
    assert {one["source"] for one in both["mails"]} == {"open", "closed"}
    await ask(f"/api/v1/mails/{sha(20).hex()}", status=404)


async def check_indicators(ask: Doors) -> None:
    told = await ask(f"/api/v1/indicators/{RELAY}")
    assert (told["spam"]["mails"], told["spam"]["sources"], told["spam"]["how"]) == (3, ["open"], ["relay"])
    assert len(told["mails"]) == 3 and [one["mails"] for one in told["campaigns"]] == [3]
    for value in (HIDDEN, "hush.example.net", "only.example.net"):
        about = await ask(f"/api/v1/indicators/{value}")
        assert (about["spam"], about["mails"], about["campaigns"]) == (None, [], []), value
        assert (await ask(f"/api/v1/indicators/{value}", mark="amber"))["spam"]["sources"] == ["closed"], value
    host = await ask("/api/v1/indicators/www.example.org")
    assert host["spam"] is None or host["spam"]["how"] == ["host"]  # it may have been one of `*.example.org`
    carried = await ask(f"/api/v1/indicators/{sha('file 1').hex()}")
    assert (carried["spam"]["how"], carried["spam"]["mails"]) == (["attachment"], 3)


async def check_findings(ask: Doors) -> None:
    assert (await ask(f"/api/v1/findings?since=0&kind={CAMPAIGN}"))["findings"] == []
    told = (await ask(f"/api/v1/findings?since=0&kind={CAMPAIGN}", mark="amber"))["findings"]
    assert sorted(one["data"]["mails"] for one in told) == [6, 10]


HOSTILE = ("%00", "%F0%9F%92%A9", "'%3B--", "%25", "_", "%5C", "x" * 200, "%ED%A0%80", "-1", "9" * 30)


async def test_hostile_text_is_refused_or_finds_nothing(dsn: str, tmp_path: Any) -> None:
    async with doors(dsn, tmp_path) as ask:
        await fill(ask.store)
        token = await ask.token("red")
        asked = [f"/api/v1/campaigns?{key}={text}" for key in ("text", "after", "since", "order") for text in HOSTILE]
        keys = ("value", "campaign", "source", "after", "since")
        asked += [f"/api/v1/mails?{key}={text}" for key in keys for text in HOSTILE]
        asked += [f"/api/v1/{noun}/{text}" for noun in ("campaigns", "mails", "agents") for text in HOSTILE]
        asked += [f"/campaigns?{key}={text}" for key in ("text", "after", "order") for text in HOSTILE]
        asked += [f"/spamtraps?days={text}" for text in HOSTILE]
        for path in asked:
            answer = await ask.api.ask("GET", path, token=token)
            assert answer.status in {200, 400, 404}, (path, answer.status, answer.content)
