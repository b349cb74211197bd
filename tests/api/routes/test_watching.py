"""`/api/v1/watches` and `/api/v1/sinks`, and `watch=` where findings are read."""

from __future__ import annotations

import msgspec
import pytest
from support.api import Served, World, body_of, finding
from support.sockets import websocket

from tipd.model.allow import Allowance, AllowList
from tipd.model.kind import Kind
from tipd.model.watch import Watch, Watches


@pytest.fixture(autouse=True)
def watched(world: World) -> None:
    world.annotations.watches = Watches(
        [Watch(name="ours", networks=["203.0.113.0/24"]), Watch(name="names", looks_like=["example.org"])]
    )
    entry = Allowance(kind=Kind.IPV4, value="203.0.113.9", reason="ours", by="me", created=finding(1).at)
    world.annotations.allows = lambda: AllowList.of([entry])
    world.findings.tell(
        finding(1),
        finding(2, value="203.0.113.9"),
        msgspec.structs.replace(finding(3, value="203.0.113.8"), initial=True),
        msgspec.structs.replace(finding(4, value="203.0.113.7"), tlp="amber"),
        finding(5, "indicator.delisted", "203.0.113.6"),
    )


async def seqs(api: Served, query: str, **more) -> list[int]:
    return [one["seq"] for one in body_of(await api.ask("GET", f"/api/v1/findings{query}", **more))["findings"]]


async def test_findings_by_watch(api: Served) -> None:
    operator = {"token": None, "control": True}
    assert await seqs(api, "", **operator) == [1, 2, 3, 4, 5]
    assert await seqs(api, "?watch=ours", **operator) == [2, 4, 5]
    assert await seqs(api, "?watch=*&kind=indicator.listed", **operator) == [2, 4]
    assert await seqs(api, "?watch=names", **operator) == []
    assert await seqs(api, "?initial=false", **operator) == [1, 2, 4, 5]
    assert await seqs(api, "?watch=ours") == [2, 5]
    page = body_of(await api.ask("GET", "/api/v1/findings?watch=ours"))
    assert (page["last"], page["more"]) == (5, False)
    assert page["findings"][0]["watches"] == ["ours"]
    assert [one.get("allowed") for one in page["findings"]] == [True, None]


@pytest.mark.parametrize("path", ["/api/v1/findings?watch=theirs", "/api/v1/findings?watch=ours,theirs"])
async def test_a_watch_there_is_not(api: Served, path: str) -> None:
    answer = await api.ask("GET", path)
    assert answer.status == 400
    assert body_of(answer)["known"] == ["ours", "names"]
    assert "theirs" in body_of(answer)["detail"]


async def test_the_stream_of_two_readers_with_other_marks(world: World, api: Served) -> None:
    world.tokens.add("tip_amber", "stream")
    world.tokens.known["tip_amber"].max_tlp = "amber"
    green = await websocket(api, "?since=0&watch=*", token="tip_stream")
    amber = await websocket(api, "?since=0&watch=ours&initial=false", token="tip_amber")
    everything = await websocket(api, "?since=0", token="tip_stream")
    assert await green.findings(2) == [2, 5]
    assert await amber.findings(3) == [2, 4, 5]
    assert await everything.findings(4) == [1, 2, 3, 5]
    for seq in range(6, 9):
        mark = {6: "amber", 7: "red"}.get(seq, "green")
        world.findings.tell(msgspec.structs.replace(finding(seq, value="203.0.113.1"), tlp=mark))
    assert await green.findings(1) == [8]
    assert await amber.findings(2) == [6, 8]
    assert await everything.findings(1) == [8]


async def test_what_a_value_concerns(api: Served) -> None:
    assert body_of(await api.ask("GET", "/api/v1/watches")) == {"watches": ["ours", "names"]}
    told = body_of(await api.ask("GET", "/api/v1/watches?value=examp1e[.]org"))
    assert (told["value"], told["kind"]) == ("examp1e.org", "domain")
    assert [match["watch"] for match in told["matches"]] == ["names"]
    assert body_of(await api.ask("GET", "/api/v1/watches?value=198.51.100.7"))["matches"] == []
    assert (await api.ask("GET", "/api/v1/watches?value=%21")).status == 400


async def test_sinks(world: World, api: Served) -> None:
    (sink,) = body_of(await api.ask("GET", "/api/v1/sinks"))["sinks"]
    assert (sink["name"], sink["state"], sink["behind"]) == ("example_drop", "running", 0)
    assert body_of(await api.ask("POST", "/api/v1/sinks/example_drop/test"))["taken"] is True
    assert body_of(await api.ask("POST", "/api/v1/sinks/example_drop/resume"))["resumed"] is True
    assert world.sinks.asked == [("test", "example_drop"), ("resume", "example_drop")]
    for path in ("/api/v1/sinks/nobody/test", "/api/v1/sinks/nobody/resume"):
        assert (await api.ask("POST", path)).status == 404
    for method, path in (("GET", "/api/v1/sinks"), ("POST", "/api/v1/sinks/example_drop/test")):
        assert (await api.ask(method, path, token="tip_read")).status == 403
