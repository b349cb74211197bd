"""`/api/v1/asn`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.api import Served, World, body_of, served


class _Table:
    def of(self, text: str) -> int | None:
        return 64500 if text.startswith("192.0.2.") else None

    def name(self, asn: int) -> str:
        return "EXAMPLE"


ASNS = SimpleNamespace(table=_Table(), status=lambda: {"state": "ready", "file": "/etc/asn.tsv", "rows": 7})


async def test_who_announces_an_address(world: World, tmp_path: Path) -> None:
    async with served(replace(world.services(), asns=ASNS), tmp_path) as api:
        assert body_of(await api.ask("GET", "/api/v1/asn"))["rows"] == 7
        told = body_of(await api.ask("GET", "/api/v1/asn/192.0.2.0/24"))
        assert told == {"value": "192.0.2.0/24", "asn": 64500, "name": "EXAMPLE"}
        told = body_of(await api.ask("GET", "/api/v1/asn/2001:DB8::1"))
        assert told == {"value": "2001:db8::1", "asn": None, "name": ""}


async def test_without_a_table_nothing_is_known(api: Served) -> None:
    assert body_of(await api.ask("GET", "/api/v1/asn")) == {"state": "none"}
    for address in ("192.0.2.1", "10.0.0.1"):  # a private address is one too
        assert body_of(await api.ask("GET", f"/api/v1/asn/{address}"))["asn"] is None


@pytest.mark.parametrize("value", ["example.org", "not%20an%20address"])
async def test_only_addresses_are_announced(api: Served, value: str) -> None:
    assert (await api.ask("GET", f"/api/v1/asn/{value}")).status == 400
