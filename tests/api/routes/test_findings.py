"""`GET /api/v1/findings`: pages, positions, filters."""

from __future__ import annotations

import msgspec
import pytest
from support.api import Served, World, body_of, finding

from tipd.api.shapes import FindingsPage, ProblemShape


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


async def test_only_of_names_with_a_tag(world: World, api: Served) -> None:
    tagged = [msgspec.structs.replace(finding(seq), data={"tags": ["lab"] if seq % 2 else []}) for seq in range(1, 6)]
    world.findings.tell(*tagged)
    page = body_of(await api.ask("GET", "/api/v1/findings?since=0&tag=lab,other"))
    assert ([one["seq"] for one in page["findings"]], page["last"], page["more"]) == ([1, 3, 5], 5, False)
    assert (await api.ask("GET", "/api/v1/findings?tag=")).status == 400
