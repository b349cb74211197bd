"""Networks of names, over HTTP."""

from __future__ import annotations

from support.api import Served, World, body_of
from support.flux import START

from tipd.model.tracked import Network

PATH = "/api/v1/flux/networks"


async def test_networks_in_pages(world: World, api: Served) -> None:
    world.flux.groups = [
        Network(id=number, first=START, last=START, size=200, names=(f"host{number}.example.org",))
        for number in (3, 5, 9)
    ]
    first = body_of(await api.ask("GET", f"{PATH}?limit=2", token="tip_read"))
    assert [(one["network"], one["size"], one["names"]) for one in first["networks"]] == [
        (3, 200, ["host3.example.org"]),
        (5, 200, ["host5.example.org"]),
    ]
    assert first["next"] == 5
    last = body_of(await api.ask("GET", f"{PATH}?limit=2&after={first['next']}"))
    assert ([one["network"] for one in last["networks"]], last["next"]) == ([9], None)
    for query in ("after=-1", "limit=0", "limit=1001"):
        assert (await api.ask("GET", f"{PATH}?{query}")).status == 400
