"""Tracked names and their addresses as lists: states, tags, formats, marks, vetoes, ETags."""

from __future__ import annotations

import json

import pytest
from support.api import ALL_SCOPES, Served, World, body_of, finding, header
from support.flux import seen, tracked

from tipd.model.flux import State
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp


@pytest.fixture
def known(world: World) -> World:
    world.flux.put(
        tracked("a.example.org", state=State.CONFIRMED, tags=("lab",)),
        tracked("b.example.org", state=State.CONFIRMED, tlp=Tlp.CLEAR),
        tracked("c.example.org", state=State.LIKELY, tags=("lab",)),
        tracked("d.example.org", state=State.CONFIRMED, tlp=Tlp.RED),
    )
    world.flux.records = [
        seen("a.example.org", "198.51.100.7"),
        seen("a.example.org", "192.0.2.1"),
        seen("b.example.org", "192.0.2.1"),
        seen("c.example.org", "192.0.2.2"),
        seen("d.example.org", "192.0.2.3"),
    ]
    world.tokens.add("tip_red", *ALL_SCOPES, max_tlp="red")
    return world


async def lines(api: Served, path: str, **more) -> list[str]:
    answer = await api.ask("GET", f"/api/v1/{path}", **more)
    assert answer.status == 200, answer.content
    return answer.content.decode().splitlines()


async def test_confirmed_names_are_a_list_beside_the_others(known: World, api: Served) -> None:
    known.findings.tell(finding(3))
    lists = {one["name"]: one for one in body_of(await api.ask("GET", "/api/v1/exports"))["lists"]}
    assert list(lists) == ["all", "public", "flux", "flux-nodes"]
    assert (lists["flux"]["kinds"], lists["flux"]["entries"], lists["flux"]["build"]) == (["domain"], 2, 3)
    assert (lists["flux-nodes"]["kinds"], lists["flux-nodes"]["entries"]) == (["ipv4", "ipv6"], 2)
    for ending in lists["flux"]["formats"]:
        assert len(await lines_of(api, ending)) >= 2
    assert await lines(api, "exports/flux.txt") == ["a.example.org", "b.example.org"]
    assert await lines(api, "exports/flux.txt?tag=lab") == ["a.example.org"]
    assert await lines(api, "exports/flux.txt?public=1") == ["b.example.org"]
    assert await lines(api, "exports/flux-nodes.txt") == ["192.0.2.1", "198.51.100.7"]
    assert await lines(api, "exports/flux.txt", token="tip_red") == ["a.example.org", "b.example.org", "d.example.org"]
    first = json.loads((await lines(api, "exports/flux.jsonl"))[0])
    assert (first["kind"], first["value"], first["context"]) == ("domain", "a.example.org", {"tags": []})


async def lines_of(api: Served, ending: str) -> list[str]:
    return await lines(api, f"exports/flux.{ending}")


async def test_what_is_narrowed_by_what(known: World, api: Served) -> None:
    for path in ("exports/flux.txt?kind=domain", "exports/flux.txt?source=example_drop", "exports/all.txt?tag=lab"):
        assert (await api.ask("GET", f"/api/v1/{path}")).status == 400, path
    for path in ("flux/export?state=odd", "flux/export?of=odd", "flux/export?format=odd"):
        assert (await api.ask("GET", f"/api/v1/{path}")).status == 400, path


async def test_any_state_in_any_format(known: World, api: Served) -> None:
    assert await lines(api, "flux/export") == ["a.example.org", "b.example.org"]
    assert await lines(api, "flux/export?state=likely&state=confirmed&tag=lab") == ["a.example.org", "c.example.org"]
    assert await lines(api, "flux/export?of=nodes&state=likely") == ["192.0.2.2"]
    table = await lines(api, "flux/export?format=csv&public=true")
    assert [line.split(",")[:2] for line in table] == [["kind", "value"], ["domain", "b.example.org"]]


async def test_what_is_allowed_is_left_out(known: World, api: Served) -> None:
    await known.allowed.add(Indicator(Kind.DOMAIN, "a.example.org"), "ours", "me")
    await known.allowed.add(Indicator(Kind.IPV4, "192.0.2.1"), "ours", "me")
    assert await lines(api, "exports/flux.txt") == ["b.example.org"]
    assert await lines(api, "flux/export?of=nodes") == ["198.51.100.7"]


async def test_the_tag_changes_with_findings_and_with_what_people_change(known: World, api: Served) -> None:
    async def etag(path: str = "exports/flux.txt", **headers: str) -> tuple[int, str | None]:
        answer = await api.ask("GET", f"/api/v1/{path}", headers=headers)
        return answer.status, header(answer, "etag")

    _, first = await etag()
    assert await etag(**{"If-None-Match": first or ""}) == (304, first)
    known.flux.revised += 1
    status, second = await etag(**{"If-None-Match": first or ""})
    assert (status, second != first) == (200, True)
    known.findings.tell(finding(1))
    assert (await etag(**{"If-None-Match": second or ""}))[0] == 200
    assert (await etag())[1] != (await etag("exports/flux-nodes.txt"))[1] != (await etag("flux/export?tag=lab"))[1]
