"""The API on the real store: what is committed is told, by position, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import trio
from support.api import FakeIndex, World, body_of, served
from support.sockets import websocket

from tipd import log
from tipd.clock import SystemClock
from tipd.model.finding import NewFinding
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared
from tipd.store.store import Store


def told(number: int) -> NewFinding:
    """Return a finding to commit."""
    subject = Indicator(Kind.IPV4, f"198.51.{number // 256}.{number % 256}")
    return NewFinding(
        kind="indicator.listed" if number % 2 else "indicator.delisted", module="blacklist", subject=subject
    )


async def test_tokens_findings_and_the_stream_on_a_real_database(dsn: str, tmp_path: Path) -> None:
    async with Store.open(dsn, clock=SystemClock(), log=log.get("store")) as store:
        await store.sources.declare("blacklist", {"example_drop": Declared(digest=b"digest", tlp=Tlp.CLEAR)})
        services = replace(
            World().services(),
            store=store,
            index=FakeIndex(),
            available=lambda: store.available,
            subscribe=store.writer.subscribe,
        )
        async with served(services, tmp_path) as api:
            made = await api.ask(
                "POST", "/api/v1/tokens", token=None, control=True, body={"scopes": ["read", "stream"]}
            )
            token = body_of(made)["token"]
            first = await store.writer.tell([told(number) for number in range(700)])

            resumed = await websocket(api, "?since=0", token=token)
            live = await websocket(api, token=token)
            rare = await websocket(api, "?since=0&kind=indicator.delisted", token=token)
            with trio.fail_after(60):
                while api.app.core.hub.live < 3:
                    await trio.sleep(0.01)
            later = [await store.writer.tell([told(number)]) for number in range(20)]
            with trio.fail_after(60):
                assert await resumed.findings(720) == [*first, *(seq for (seq,) in later)]
                assert await live.findings(20) == [seq for (seq,) in later]
                assert len(await rare.findings(360)) == 360

            page = body_of(await api.ask("GET", f"/api/v1/findings?since={first[-1]}&limit=5", token=token))
            assert [one["seq"] for one in page["findings"]] == [seq for (seq,) in later[:5]]
            assert page["store_id"] == store.store_id
            ahead = await api.ask("GET", "/api/v1/findings?since=999999999", token=token)
            assert (ahead.status, body_of(ahead)["last"]) == (410, later[-1][0])
            for path in (
                "/api/v1/sources",
                "/api/v1/sources/example_drop",
                "/api/v1/status",
                "/api/v1/exports",
                "/api/v1/exports/all.csv?source=example_drop",
                "/api/v1/indicators/198.51.0.7",
                "/metrics",
            ):
                answer = await api.ask("GET", path, token=token)
                assert answer.status == 200, (path, answer.content)
            listing = (await api.ask("GET", "/api/v1/sources", token=token)).content
            assert msgspec.json.decode(listing)["sources"][0]["state"] == "new"
