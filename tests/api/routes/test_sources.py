"""Sources are shown and run, and what their guards refused is accepted."""

from __future__ import annotations

from datetime import timedelta

from support.api import START, Served, World, body_of, source


async def test_sources_are_shown_and_run(world: World, api: Served) -> None:
    world.sources.rows["elsewhere"] = source("elsewhere", module="spamtrap")
    (one, _) = body_of(await api.ask("GET", "/api/v1/sources"))["sources"]
    assert (one["name"], one["state"], one["weight"], one["entries"]) == ("example_drop", "ok", 0.5, 12)
    assert (one["refused"], one["next_run"]) == ({"bogon": 2}, "2026-11-22T05:00:00Z")
    assert (await api.ask("POST", "/api/v1/sources/example_drop/run")).status == 202
    assert world.scheduler.asked == [("blacklist", ("example_drop",))]
    assert (await api.ask("POST", "/api/v1/sources/nowhere/run")).status == 404
    assert (await api.ask("POST", "/api/v1/sources/elsewhere/run")).status == 202
    assert world.asks.asked == [("spamtrap", "elsewhere")]
    assert (await api.ask("POST", "/api/v1/sources/example_drop/run", token="tip_read")).status == 403


async def test_a_source_that_fails_says_since_when_and_whether_it_is_gone(world: World, api: Served) -> None:
    gone = START + timedelta(days=30)
    world.sources.rows["example_drop"] = source("example_drop", failures=9, failing_since=START, gone=gone)
    one = body_of(await api.ask("GET", "/api/v1/sources/example_drop"))
    assert (one["failing_since"], one["gone"]) == ("2026-11-22T04:00:00Z", "2026-12-22T04:00:00Z")


ASIDE = {"path": "/set_aside/x", "sha256": "ab" * 32, "why": "shrank", "rows": 5, "entries": 4}
ACCEPT = "/api/v1/sources/example_drop/accept"


async def test_what_is_set_aside_is_accepted_and_the_source_asked(world: World, api: Served) -> None:
    world.sources.rows["example_drop"] = source("example_drop", state="shrunk", set_aside=ASIDE)
    assert (await api.ask("POST", ACCEPT, token="tip_read")).status == 403
    assert world.sources.accepted == []
    answer = await api.ask("POST", ACCEPT)
    assert answer.status == 202
    expected = {"source": "example_drop", "sha256": "ab" * 32, "entries": 4, "why": "shrank", "state": "shrunk"}
    assert body_of(answer) == expected
    assert [name for name, _ in world.sources.accepted] == ["example_drop"]
    assert world.scheduler.asked == [("blacklist", ("example_drop",))]


async def test_what_cannot_be_accepted_is_said(world: World, api: Served) -> None:
    assert (await api.ask("POST", "/api/v1/sources/nowhere/accept")).status == 404
    for aside, changed, said in (
        (None, False, "nothing of 'example_drop' is set aside"),
        (ASIDE | {"entries": None}, False, "was not read whole"),
        (ASIDE, True, "has changed meanwhile"),
    ):
        world.sources.rows["example_drop"] = source("example_drop", set_aside=aside)
        world.sources.changed = changed
        answer = await api.ask("POST", ACCEPT)
        assert answer.status == 409
        assert said in body_of(answer)["detail"]
    assert (world.sources.accepted, world.scheduler.asked) == ([], [])


async def test_one_that_is_off_is_not_run(world: World, api: Served) -> None:
    world.sources.rows["off"] = source("off", declared=False, state="off", error="enabled = false")
    answer = await api.ask("POST", "/api/v1/sources/off/run")
    assert answer.status == 409
    assert body_of(answer)["detail"] == "'off' is not collected: enabled = false"
    assert world.scheduler.asked == []
