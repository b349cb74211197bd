"""Rounds as proofs over HTTP, replays, uploads and history."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from support.api import START, Served, World, body_of, header, served

from tipd.api.uploads import Uploads
from tipd.model.tlp import Tlp
from tipd.store.bodies import FORGOTTEN, Bodies
from tipd.store.history import HistoryRefused
from tipd.store.proofs import ProofRow

TEXT = b"192.0.2.1\n" * 1000


def proof(number: int, **more: Any) -> ProofRow:
    """Return a round as the store has it."""
    given: dict[str, Any] = dict.fromkeys(ProofRow.__struct_fields__)
    given |= {"id": number, "source": "example_drop", "source_id": 1, "tlp": Tlp.GREEN, "why": "poll", "started": START}
    given |= {"listed": 1, "delisted": 0, "refused": {}, "body_sha256": hashlib.sha256(TEXT).digest()}
    return ProofRow(**(given | more))


class FakeProofs:
    """Rounds in a dict."""

    def __init__(self) -> None:
        self.rows: dict[int, ProofRow] = {}

    async def get(self, number: int) -> ProofRow | None:
        await trio.lowlevel.checkpoint()
        return self.rows.get(number)

    async def page(self, _source: int, *, before: int | None = None, limit: int = 100) -> list[ProofRow]:
        await trio.lowlevel.checkpoint()
        rows = [self.rows[number] for number in sorted(self.rows, reverse=True) if before is None or number < before]
        return rows[:limit]


class FakeArchive:
    """Notes what is asked."""

    def __init__(self) -> None:
        self.loaded: list[tuple[str, bytes, datetime, str]] = []
        self.refuse = ""
        self.read: dict[str, Any] = {"body": "kept", "holds": True, "same_reading": True, "why": None}

    async def backfill(self, name: str, body: Path, at: datetime, origin: str) -> SimpleNamespace:
        await trio.lowlevel.checkpoint()
        if self.refuse:
            raise HistoryRefused(self.refuse)
        self.loaded.append((name, body.read_bytes(), at, origin))
        return self.job("j")

    def job(self, number: str) -> Any:
        counts = {"why": None, "round": None, "entries": 0, "added": 0, "cut": 0}
        return (
            SimpleNamespace(id="j", source="example_drop", at=START, state="waiting", **counts)
            if number == "j"
            else None
        )

    async def read_again(self, _proof: ProofRow, _subject: Any) -> Any:
        from tipd.modules.blacklist.archive import Read

        await trio.lowlevel.checkpoint()
        return Read(**self.read)


class FakeAudit:
    """Notes acts."""

    def __init__(self) -> None:
        self.acts: list[tuple[Any, ...]] = []

    async def note(self, *act: Any, **data: Any) -> None:
        await trio.lowlevel.checkpoint()
        self.acts.append((*act, data))


@pytest.fixture
async def past(world: World, tmp_path: Path):
    """Give a served API with bodies, uploads and an archive."""
    bodies = Bodies.below(tmp_path / "state", timedelta(1), 10**6)
    (tmp_path / "body").write_bytes(TEXT)
    name = bodies.keep(1, 7, tmp_path / "body", START)
    world.store.proofs, world.store.audit = FakeProofs(), FakeAudit()
    world.store.proofs.rows = {7: proof(7, body=name), 8: proof(8), 9: proof(9, body=FORGOTTEN, tlp=Tlp.RED)}
    world.tokens.add("tip_red", "read", max_tlp="red")
    uploads, archive = Uploads.below(tmp_path / "state", 100), FakeArchive()
    services = replace(world.services(), bodies=bodies, uploads=uploads, archive=archive)
    async with served(services, tmp_path) as api:
        yield SimpleNamespace(api=api, world=world, archive=archive, bodies=bodies, name=name)


async def test_a_round_shows_all_that_proves_it(past: Any) -> None:
    past.world.store.proofs.rows[7] = proof(7, body=past.name, declaration=b"\1" * 32, declared={"url": "x"}, at=START)
    shown = body_of(await past.api.ask("GET", "/api/v1/rounds/7", token="tip_read"))
    assert (shown["id"], shown["source"], shown["why"], shown["body"]) == (7, "example_drop", "poll", "kept")
    assert shown["body_sha256"] == hashlib.sha256(TEXT).hexdigest()
    assert (shown["declaration"], shown["declared"]) == ("01" * 32, {"url": "x"})


@pytest.mark.parametrize("number", ["9", "10", "0", "-1", "x", "9" * 30, "7.0"])
async def test_there_is_no_such_round_or_not_for_you(past: Any, number: str) -> None:
    for path in ("", "/read?value=192.0.2.1"):
        assert (await past.api.ask("GET", f"/api/v1/rounds/{number}{path}", token="tip_read")).status == 404


async def test_bodies_that_are_gone_say_why(past: Any) -> None:
    shown = body_of(await past.api.ask("GET", "/api/v1/rounds/9", token="tip_red"))
    assert shown["body"] == "forgotten"
    for number, why in ((8, "is not kept"), (9, "forgotten")):
        gone = await past.api.ask("GET", f"/api/v1/rounds/{number}/body", token="tip_red")
        assert gone.status == 410
        assert why in body_of(gone)["detail"]


async def test_a_body_is_for_who_may_see_red(past: Any) -> None:
    for token, status in (("tip_read", 403), ("tip_all", 403), ("tip_red", 200)):
        answer = await past.api.ask("GET", "/api/v1/rounds/7/body", token=token)
        assert answer.status == status
    assert answer.content == TEXT
    assert header(answer, "content-disposition") == 'attachment; filename="example_drop-7.body"'


async def test_a_damaged_body_is_told_in_plain_words(past: Any) -> None:
    (past.bodies.folder / past.name).write_bytes(b"\x28\xb5\x2f\xfdbroken")
    answer = await past.api.ask("GET", "/api/v1/rounds/7/body", token="tip_red")
    assert answer.status == 500
    assert "is damaged" in body_of(answer)["detail"]


async def test_a_body_is_read_again_for_a_value(past: Any) -> None:
    answer = await past.api.ask("GET", "/api/v1/rounds/7/read?value=192[.]0.2.1", token="tip_red")
    read = body_of(answer)
    assert (read["round"], read["value"], read["kind"], read["holds"]) == (7, "192.0.2.1", "ipv4", True)
    refused = await past.api.ask("GET", "/api/v1/rounds/7/read?value=10.0.0.1", token="tip_red")
    assert refused.status == 400


def sighting(source: str, **more: Any) -> SimpleNamespace:
    """Return an interval from round 7 to round 8."""
    row = {"source": source, "opened": START, "closed": START + timedelta(hours=2), "tlp": Tlp.CLEAR}
    return SimpleNamespace(**(row | {"opened_round": 7, "closed_round": 8} | more))


async def test_who_may_not_see_a_source_s_row_learns_nothing_of_it_from_the_body(past: Any) -> None:
    async def read(number: int, token: str = "tip_read") -> tuple[int, Any]:
        answer = await past.api.ask("GET", f"/api/v1/rounds/{number}/read?value=192.0.2.1", token=token)
        return answer.status, body_of(answer)

    never = await read(7)
    assert never[0] == 404
    # Another source lists it for everybody, this one under red.
    rows = past.world.sightings.past["192.0.2.1"] = [sighting("other"), sighting("example_drop", tlp=Tlp.RED)]
    assert await read(7) == never
    assert (await read(7, "tip_red"))[0] == 200
    # It may be shown as this source listed it once, not as it lists it now.
    rows[1:] = [sighting("example_drop"), sighting("example_drop", opened_round=11, closed_round=None, tlp=Tlp.RED)]
    past.world.store.proofs.rows |= {
        10: proof(10, at=START + timedelta(hours=1)),
        11: proof(11, at=START + timedelta(hours=3)),
        12: proof(12, started=START + timedelta(hours=4)),
    }
    assert [(await read(number))[0] for number in (7, 8, 10, 11, 12)] == [200, 200, 200, 404, 404]


async def test_the_history_of_a_hidden_source_is_nobody_s_job(past: Any) -> None:
    past.world.tokens.add("tip_red_admin", "admin", max_tlp="red")
    past.world.sources.rows["example_drop"].tlp = Tlp.RED
    hidden, none = [await past.api.ask("GET", f"/api/v1/backfills/{job}") for job in "jk"]
    assert (hidden.status, hidden.content) == (404, none.content)
    assert (await past.api.ask("GET", "/api/v1/backfills/j", token="tip_red_admin")).status == 200


async def test_rounds_come_in_pages(past: Any) -> None:
    page = body_of(await past.api.ask("GET", "/api/v1/sources/example_drop/rounds?limit=2"))
    assert ([one["id"] for one in page["rounds"]], page["more"]) == ([9, 8], True)
    page = body_of(await past.api.ask("GET", "/api/v1/sources/example_drop/rounds?before=8"))
    assert ([one["id"] for one in page["rounds"]], page["more"]) == ([7], False)
    for query in ("limit=0", "limit=1001", "before=0", "before=x"):
        assert (await past.api.ask("GET", f"/api/v1/sources/example_drop/rounds?{query}")).status == 400


async def test_a_replay_is_asked_of_the_module(past: Any) -> None:
    path = "/api/v1/sources/example_drop/replay"
    answer = await past.api.ask("POST", path, body={})
    assert (answer.status, body_of(answer)["requested"]) == (202, True)
    await past.api.ask("POST", path, body={"since": "2026-11-22T04:00:00Z"})
    words = [names for _, names in past.world.scheduler.asked]
    assert words == [("replay:example_drop",), ("replay:example_drop@2026-11-22T04:00:00+00:00",)]
    assert (await past.api.ask("POST", path, body={"since": "2026-11-22T04:00:00"})).status == 400
    assert (await past.api.ask("POST", path, body={}, token="tip_read")).status == 403
    past.world.sources.rows["example_drop"].state = "misdeclared"
    assert (await past.api.ask("POST", path, body={})).status == 409


async def test_a_file_comes_in_pieces_and_is_loaded(past: Any) -> None:
    first = body_of(await past.api.ask("POST", "/api/v1/uploads?offset=0", body=b"192.0.2.1\n"))
    again = await past.api.ask("POST", f"/api/v1/uploads?upload={first['upload']}&offset=0", body=b"x")
    assert (again.status, body_of(again)["bytes"]) == (409, 10)
    await past.api.ask("POST", f"/api/v1/uploads?upload={first['upload']}&offset=10", body=b"192.0.2.2\n")
    asked = {"upload": first["upload"], "at": "2026-11-01T00:00:00Z", "origin": "old.txt"}
    job = await past.api.ask("POST", "/api/v1/sources/example_drop/backfill", body=asked)
    assert (job.status, body_of(job)["state"]) == (202, "waiting")
    ((name, text, at, origin),) = past.archive.loaded
    assert (name, text, origin, at.isoformat()) == (
        "example_drop",
        b"192.0.2.1\n192.0.2.2\n",
        "old.txt",
        "2026-11-01T00:00:00+00:00",
    )
    assert past.world.store.audit.acts[0][1:3] == ("history.loaded", "example_drop")
    assert body_of(await past.api.ask("GET", "/api/v1/backfills/j"))["id"] == "j"
    assert (await past.api.ask("GET", "/api/v1/backfills/k")).status == 404
    assert (await past.api.ask("POST", "/api/v1/sources/example_drop/backfill", body=asked)).status == 404


async def test_only_an_admin_loads_history(past: Any) -> None:
    past.world.tokens.add("tip_write", "read", "write")
    for path in ("/api/v1/uploads", "/api/v1/sources/example_drop/backfill"):
        assert (await past.api.ask("POST", path, body=b"x", token="tip_write")).status == 403


async def test_what_history_refuses_is_409(past: Any) -> None:
    past.archive.refuse = "is not past"
    upload = body_of(await past.api.ask("POST", "/api/v1/uploads", body=b"x"))["upload"]
    asked = {"upload": upload, "at": "2036-11-01T00:00:00Z"}
    answer = await past.api.ask("POST", "/api/v1/sources/example_drop/backfill", body=asked)
    assert (answer.status, body_of(answer)["detail"]) == (409, "is not past")


async def test_an_api_without_these_parts_says_so(world: World, api: Served) -> None:
    assert (await api.ask("POST", "/api/v1/uploads", body=b"x")).status == 503
    assert (await api.ask("GET", "/api/v1/backfills/j")).status == 503
