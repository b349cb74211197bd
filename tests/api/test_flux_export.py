"""Which names, or addresses, a list holds; what is answered is asked for in `routes/test_flux_export.py`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from support.flux import FakeFlux, tracked

from tipd.api.flux_export import CONFIRMED, NAMES, flux_listing
from tipd.model.flux import State
from tipd.model.tlp import Tlp


async def listing(flux: FakeFlux, **more: Any) -> Any:
    call = SimpleNamespace(
        core=SimpleNamespace(services=SimpleNamespace(store=SimpleNamespace(flux=flux))),
        caller=SimpleNamespace(max_tlp=Tlp.GREEN),
    )
    asked = {"of": NAMES, "state": CONFIRMED, "tag": ["lab", "lab"], "public": False} | more
    return await flux_listing(cast("Any", call), "flux", "txt", **asked)


async def test_it_depends_on_what_is_asked_and_on_what_people_change() -> None:
    flux = FakeFlux()
    flux.put(tracked("flux.example.org", state=State.CONFIRMED, tags=("lab",)))
    first = await listing(flux)
    assert [[row.value for row in page] async for page in first.pages()] == [["flux.example.org"]]
    flux.revised = 7
    others = [await listing(flux, **more) for more in ({}, {"public": True}, {"of": "nodes"}, {"state": ()})]
    assert len({str(one.depends) for one in (first, *others)}) == 5
