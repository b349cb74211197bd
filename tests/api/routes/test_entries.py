"""Entries that are kept by hand, over HTTP and with the real store."""

from contextlib import asynccontextmanager
from dataclasses import replace

from support.api import FakeIndex, World, body_of, served

from tipd import log
from tipd.clock import SystemClock
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared
from tipd.store.store import Store

PATH = "/api/v1/sources/local/entries"


class Ask:
    """An API on a real store, asked as the operator or with a token."""

    def __init__(self, api, store, world):
        self.api, self.store, self.world = api, store, world

    async def __call__(self, method, body=None, path=PATH, token=None, status=200):
        answer = await self.api.ask(method, path, token=token, control=token is None, body=body)
        assert answer.status == status, answer.content
        return body_of(answer)

    async def report(self, *entries, **body):
        return await self("POST", {"entries": list(entries), **body})

    async def token(self, *scopes, **more):
        body = {"scopes": list(scopes), **more}
        made = await self.api.ask("POST", "/api/v1/tokens", token=None, control=True, body=body)
        return body_of(made)["token"]


@asynccontextmanager
async def asking(dsn, folder):
    async with Store.open(dsn, clock=SystemClock(), log=log.get("store")) as store:
        declared = {"local": Declared(by_hand=True), "list": Declared(tlp=Tlp.CLEAR)}
        await store.sources.declare("blacklist", declared)
        world = World()
        services = replace(world.services(), store=store, index=FakeIndex(), available=lambda: store.available)
        async with served(services, folder) as api:
            yield Ask(api, store, world)


async def test_each_entry_is_answered_for_itself(dsn, tmp_path):
    async with asking(dsn, tmp_path) as ask:
        done = await ask.report(
            {"value": "hxxp://Evil[.]example/a", "reason": "phish", "for": "3d", "port": 8080, "class": "phishing"},
            {"value": "192.0.2.0-192.0.2.3", "tlp": "red"},
            {"value": "10.0.0.1"},
            {"value": "what is this"},
            {"value": "192.0.2.9", "for": "soon"},
            {"value": "192.0.2.9", "for": "3d", "until": "2099-01-01T00:00:00Z"},
            {"value": "192.0.2.9", "until": "2001-01-01T00:00:00Z"},
            {"value": "192.0.2.9", "until": "2099-01-01T00:00:00"},
            {"value": "192.0.2.9", "port": 70000},
            {"value": "192.0.2.9", "tlp": "purple"},
            {"value": "192.0.2.9", "colour": "red"},
            {"value": 5},
            "192.0.2.9",
            {"value": "AS64500", "reason": " "},
            reason="seen in our log",
        )
        assert (done["listed"], done["known"], done["refused"]) == (3, 0, 11)
        results = {one["index"]: (one["result"], one.get("reason")) for one in done["results"]}
        assert list(results) == list(range(14))
        assert [place for place, (result, _) in results.items() if result == "listed"] == [0, 1, 13]
        assert [results[place][1] for place in (2, 3)] == ["bogon", "malformed"]
        for place, word in {4: "for", 5: "until", 6: "passed", 7: "offset", 8: "port", 9: "tlp", 10: "colour"}.items():
            assert word in results[place][1]
        page = await ask("GET")
        kept = {one["value"]: one for one in page["entries"]}
        assert set(kept) == {"http://evil.example/a", "192.0.2.0/30", "AS64500"}
        url = kept["http://evil.example/a"]
        assert url["context"]["reported_by"].startswith("uid ")
        assert (url["context"]["reason"], url["context"]["port"], url["context"]["class"]) == (
            "phish",
            8080,
            "phishing",
        )
        assert (kept["192.0.2.0/30"]["tlp"], kept["AS64500"]["context"]["reason"]) == ("red", "seen in our log")
        assert (url["until"] is None, kept["AS64500"]["until"]) == (False, None)
        found = await ask.store.findings.read(0)  # in the order of their keys, which no two stores share
        (told,) = [one for one in found if one.subject.value == "http://evil.example/a"]
        assert (told.kind, told.source, told.data["reason"]) == ("indicator.listed", "local", "phish")


async def test_without_a_reason_nothing_is_taken(dsn, tmp_path):
    async with asking(dsn, tmp_path) as ask:
        done = await ask.report({"value": "192.0.2.9"})
        assert done["results"][0]["reason"].startswith("reason: is needed")
        assert await ask.store.findings.last_seq() == 0


async def test_it_is_idempotent_and_taken_back(dsn, tmp_path):
    async with asking(dsn, tmp_path) as ask:
        entries = [{"value": f"192.0.2.{number}", "for": "1h"} for number in range(1, 4)]
        assert (await ask.report(*entries, reason="a"))["listed"] == 3
        assert (await ask.report(*entries, reason="a"))["known"] == 3
        done = await ask("DELETE", {"values": ["192.0.2.1", "192[.]0.2.2", "192.0.2.77", "?", 7], "reason": "mine"})
        assert [one["result"] for one in done["results"]] == ["withdrawn", "withdrawn", "absent", "refused", "refused"]
        assert done["withdrawn"] == 2
        assert [one["value"] for one in (await ask("GET"))["entries"]] == ["192.0.2.3"]
        told = await ask.store.findings.read(0)
        assert [(f.kind, f.data.get("reason")) for f in told[3:]] == [("indicator.delisted", "withdrawn")] * 2
        acts = await ask.store.audit.read()
        assert [(act.action, act.reason) for act in acts] == [
            ("entry.withdrawn", "mine"),
            ("entry.added", "a"),
            ("entry.added", "a"),
        ]


async def test_ten_thousand_at_once_and_no_more(dsn, tmp_path):
    async with asking(dsn, tmp_path) as ask:
        entries = [{"value": f"host{number}.example.org", "reason": "x"} for number in range(10_000)]
        assert (await ask.report(*entries))["listed"] == 10_000
        await ask("POST", {"entries": [*entries, entries[0]]}, status=400)
        seen, after = set(), ""
        while after is not None:
            page = await ask("GET", path=f"{PATH}?limit=4000&after={after}")
            seen |= {one["value"] for one in page["entries"]}
            after = page["next"]
        assert len(seen) == 10_000
        for bad in ("x", "1" * 30, "-", "²"):
            await ask("GET", path=f"{PATH}?after={bad if bad != '²' else '%C2%B2'}", status=400)


async def test_who_may_and_where(dsn, tmp_path):
    async with asking(dsn, tmp_path) as ask:
        entry = {"entries": [{"value": "192.0.2.9", "reason": "x"}]}
        collected = "/api/v1/sources/list/entries"
        assert "collected" in (await ask("POST", entry, path=collected, status=400))["detail"]
        await ask("POST", entry, path="/api/v1/sources/nobody/entries", status=404)
        await ask("POST", entry, token=await ask.token("read"), status=403)
        # A green token does not learn that there is such a source.
        await ask("POST", entry, token=await ask.token("write"), status=404)
        await ask("GET", token=await ask.token("read"), status=404)
        amber = await ask.token("read", "write", max_tlp="amber")
        assert (await ask("POST", entry, token=amber))["listed"] == 1
        await ask("POST", {"entries": [{"value": "192.0.2.10", "reason": "x", "tlp": "red"}]})
        assert [one["value"] for one in (await ask("GET", token=amber))["entries"]] == ["192.0.2.9"]
        await ask.store.sources.declare("blacklist", {})
        await ask("POST", entry, status=409)


async def test_what_stands_above_the_writer_s_mark_is_neither_told_nor_touched(dsn, tmp_path):
    async with asking(dsn, tmp_path) as ask:
        secret = {"value": "192.0.2.10", "reason": "partner", "tlp": "red"}
        await ask.report(secret)
        amber = await ask.token("read", "write", max_tlp="amber")
        for value in ("192.0.2.10", "192.0.2.11"):
            done = await ask("POST", {"entries": [{"value": value, "reason": "guess"}]}, token=amber)
            assert (done["listed"], done["known"]) == (1, 0), value
        for value in ("192.0.2.10", "192.0.2.12"):
            done = await ask("DELETE", {"values": [value], "reason": "x"}, token=amber)
            assert (done["withdrawn"], done["results"][0]["result"]) == (0, "absent"), value
        kept = {one["value"]: one for one in (await ask("GET"))["entries"]}
        assert (kept["192.0.2.10"]["tlp"], kept["192.0.2.10"]["context"]["reason"]) == ("red", "partner")
        assert [one["value"] for one in (await ask("GET", token=amber))["entries"]] == ["192.0.2.11"]
        assert (await ask("DELETE", {"values": ["192.0.2.10"], "reason": "x"}))["withdrawn"] == 1
