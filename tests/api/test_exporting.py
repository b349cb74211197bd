"""Writing a list out in pieces; ETags and compression are asked for in `routes/test_exports.py`."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.api import START, World
from werkzeug.datastructures import Headers

from tipd.api.exporting import Listing, answer
from tipd.model.tlp import Tlp


def call_of(world: World, **headers: str) -> Any:
    """Return what a route is called with."""
    core = SimpleNamespace(services=SimpleNamespace(store=world.store))
    caller, request = SimpleNamespace(max_tlp=Tlp.GREEN), SimpleNamespace(headers=Headers(headers))
    return cast("Any", SimpleNamespace(core=core, caller=caller, request=request))


def listing(count: int, **more: Any) -> Listing:
    """Return a list of names, a thousand a page."""

    async def pages() -> Any:
        for start in range(0, count, 1000):
            yield [
                SimpleNamespace(kind="domain", value=f"host{number}.example.org", sources=[], since=START, context={})
                for number in range(start, min(count, start + 1000))
            ]

    return Listing(**({"name": "some", "ending": "txt", "depends": [], "pages": pages} | more))


async def pieces(call: Any, one: Listing) -> list[bytes]:
    told = await answer(call, one)
    assert not isinstance(told.body, bytes)
    return [piece async for piece in told.body]


async def test_a_long_list_comes_in_pieces_of_bounded_size(world: World) -> None:
    found = await pieces(call_of(world), listing(20_000, head=b"# head\n"))
    whole = b"".join(found)
    assert whole.startswith(b"# head\nhost0.example.org\n")
    assert whole.count(b"\n") == 20_001
    assert 3 < len(found) < 12
    assert max(map(len, found)) < 100_000
    packed = b"".join(await pieces(call_of(world, **{"Accept-Encoding": "gzip"}), listing(20_000, head=b"# head\n")))
    assert gzip.decompress(packed) == whole


@pytest.mark.parametrize("more", [{"name": "other"}, {"ending": "csv"}, {"depends": [1]}])
async def test_the_tag_depends_on_all_that_the_rows_do(world: World, more: dict[str, Any]) -> None:
    first, second = await answer(call_of(world), listing(1)), await answer(call_of(world), listing(1, **more))
    assert first.headers["ETag"] != second.headers["ETag"]
    again = await answer(call_of(world, **{"If-None-Match": first.headers["ETag"]}), listing(1))
    assert (again.status, again.body) == (304, b"")
