"""The allowlist over HTTP, and the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from support.api import START, FakeIndex, Served, World, body_of, served

from tipd.model.allow import Allowance, AllowList
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.audit import Act
from tipd.store.past import Match as PastMatch
from tipd.store.past import Then

PATH = "/api/v1/allowed"


async def test_a_value_is_allowed_and_no_more(world: World, api: Served) -> None:
    made = await api.ask("POST", PATH, body={"value": "hxxp://Example[.]org/x", "reason": "ours", "for": "30d"})
    entry = body_of(made)
    assert (made.status, entry["kind"], entry["value"], entry["reason"]) == (201, "url", "http://example.org/x", "ours")
    until = msgspec.convert(entry["until"], type=type(START))
    now = api.app.core.services.clock.now()
    assert timedelta(days=29) < until - now <= timedelta(days=30)
    assert entry["by"].startswith("token ")
    assert body_of(await api.ask("GET", PATH))["allowed"] == [entry]
    gone = await api.ask("DELETE", f"{PATH}/http%3A%2F%2Fexample.org%2Fx?reason=sold")
    assert (gone.status, body_of(gone)["removed"]) == (200, True)
    assert [(act, reason) for act, _, reason, _ in world.allowed.said] == [("added", "ours"), ("removed", "sold")]
    assert (await api.ask("DELETE", f"{PATH}/http%3A%2F%2Fexample.org%2Fx")).status == 404
    assert (await api.ask("DELETE", f"{PATH}/192.0.2.1")).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"value": "192.0.2.5", "reason": " "},
        {"value": "192.0.2.5"},
        {"value": "", "reason": "x"},
        {"value": "what?", "reason": "x"},
        {"value": "0.0.0.0/0", "reason": "x"},
        {"value": "::/1", "reason": "x"},
        {"value": "com", "reason": "x"},
        {"value": "x" * 5000, "reason": "x"},
        {"value": "192.0.2.5", "reason": "x", "for": "soon"},
        {"value": "192.0.2.5", "reason": "x", "for": "999999999d"},
        {"value": "192.0.2.5", "reason": "x", "until": "tomorrow"},
    ],
)
async def test_what_cannot_be_allowed_is_400(world: World, api: Served, body: dict[str, str]) -> None:
    assert (await api.ask("POST", PATH, body=body)).status == 400
    assert world.allowed.entries == []


async def test_it_takes_the_scope_write(api: Served) -> None:
    for method in ("GET", "POST"):
        assert (await api.ask(method, PATH, token="tip_read", body={"value": "192.0.2.5", "reason": "x"})).status == 403
    assert (await api.ask("DELETE", f"{PATH}/192.0.2.5", token="tip_read")).status == 403


async def test_below_amber_one_sees_one_s_own_entries(world: World, api: Served) -> None:
    world.tokens.add("tip_amber", "write", max_tlp="amber")
    await api.ask("POST", PATH, token="tip_amber", body={"value": "192.0.2.5", "reason": "x"})
    await api.ask("POST", PATH, body={"value": "192.0.2.6", "reason": "x"})
    for token, values in (("tip_all", {"192.0.2.6"}), ("tip_amber", {"192.0.2.5", "192.0.2.6"})):
        shown = body_of(await api.ask("GET", PATH, token=token))["allowed"]
        assert {entry["value"] for entry in shown} == values


async def test_the_audit_is_for_who_sees_all(world: World, api: Served) -> None:
    world.tokens.add("tip_red", "admin", max_tlp="red")
    world.tokens.add("tip_reader", "read", max_tlp="red")
    world.audit.acts = [
        Act(id=number, at=START, by="uid 0", action="allow.added", subject="x", reason="y", data={})
        for number in (3, 2, 1)
    ]
    page = body_of(await api.ask("GET", "/api/v1/audit?limit=2", token="tip_red"))["acts"]
    assert [act["id"] for act in page] == [3, 2]
    rest = body_of(await api.ask("GET", "/api/v1/audit?before=2", token="tip_red"))["acts"]
    assert [act["id"] for act in rest] == [1]
    assert (await api.ask("GET", "/api/v1/audit?limit=0", token="tip_red")).status == 400
    assert (await api.ask("GET", "/api/v1/audit", token="tip_all")).status == 403
    assert (await api.ask("GET", "/api/v1/audit", token="tip_reader")).status == 403
    assert (await api.ask("GET", "/api/v1/audit", token=None, control=True)).status == 200


async def test_an_explanation_says_who_allows_it(world: World, api: Served) -> None:
    world.allowed.entries = [Allowance(kind=Kind.IPV4, value="198.51.100.7", reason="ours", by="me", created=START)]
    for path in ("/api/v1/indicators/198.51.100.7", "/api/v1/indicators/198.51.100.7/explain"):
        found = body_of(await api.ask("GET", path))
        assert found["allowed"] == {"value": "198.51.100.7", "reason": "ours", "until": None}
        assert found["confidence"] == 0.0
    page = body_of(await api.ask("GET", "/api/v1/indicators/198.51.100.7"))
    assert (page["verdict"], page["listed"], page["sources"]) == ("allowed", False, ["example_drop"])


class Marks(FakeIndex):
    """Lists values under marks."""

    def __init__(self, **marks: Tlp) -> None:
        self.marks = {name.replace("_", "."): mark for name, mark in marks.items()}

    async def answer(self, values: Sequence[str], max_tlp: Tlp, _allow: AllowList) -> bytes:
        results = [
            self._one(value) | {"listed": value in self.marks and self.marks[value] <= max_tlp} for value in values
        ]
        return msgspec.json.encode({"results": results})


async def test_an_entry_is_shown_as_strictly_as_it_is_listed_or_was(world: World, tmp_path: Path) -> None:
    world.index = Marks(red_example_org=Tlp.RED, amber_example_org=Tlp.AMBER)
    world.sightings.past["was.example.org"] = [SimpleNamespace(tlp=Tlp.RED)]
    world.sightings.past["both.example.org"] = [SimpleNamespace(tlp=Tlp.RED), SimpleNamespace(tlp=Tlp.GREEN)]
    for mark in ("amber", "red"):
        world.tokens.add(f"tip_{mark}", "write", max_tlp=mark)
    names = {"red", "amber", "was", "both", "never"}
    async with served(world.services(), tmp_path) as api:
        for name in names:
            await api.ask("POST", PATH, token="tip_red", body={"value": f"{name}.example.org", "reason": "x"})
        told = dict(
            zip([value.partition(".")[0] for _, value, *_ in world.allowed.said], world.allowed.marks, strict=True)
        )
        expected = {"red": Tlp.RED, "amber": Tlp.AMBER, "was": Tlp.RED, "both": Tlp.GREEN, "never": None}
        assert told == expected
        for token, shown in (("tip_red", names), ("tip_amber", names - {"red", "was"}), ("tip_all", set())):
            entries = body_of(await api.ask("GET", PATH, token=token))["allowed"]
            assert {entry["value"].partition(".")[0] for entry in entries} == shown, token


async def test_while_the_index_loads_the_database_says_how_strictly(world: World, api: Served) -> None:
    world.index.ready = False
    world.tokens.add("tip_amber", "write", max_tlp="amber")

    def then(value: str, at: Any) -> Then:
        marks = {"192.0.2.5": Tlp.RED, "192.0.2.6": Tlp.AMBER}
        seen = value in marks and world.past.asked[-1][2] >= marks[value]
        return Then(value, at, Kind.IPV4, matches=[PastMatch(Kind.IPV4, value, "exact")] if seen else [])

    world.past.answers = then
    for value in ("192.0.2.5", "192.0.2.6", "192.0.2.7"):
        await api.ask("POST", PATH, body={"value": value, "reason": "x"})
    assert world.allowed.marks == [Tlp.RED, Tlp.AMBER, None]
    entries = body_of(await api.ask("GET", PATH, token="tip_amber"))["allowed"]
    assert [entry["value"] for entry in entries] == ["192.0.2.6", "192.0.2.7"]


async def test_a_session_s_name_proves_nothing_after_a_restart(world: World, api: Served) -> None:
    sessions = api.app.core.services.sessions
    by = "console session 1"
    world.allowed.entries = [Allowance(kind=Kind.IPV4, value="192.0.2.5", reason="x", by=by, created=START)]
    cookie = {"Cookie": f"tipd_session={sessions.redeem(sessions.new_console_code(Tlp.GREEN))}"}
    assert body_of(await api.ask("GET", PATH, token=None, headers=cookie))["allowed"] == []
