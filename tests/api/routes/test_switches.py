"""A source that was switched in its file: the module looks at once, and who did it is kept."""

from __future__ import annotations

from support.api import Served, World, body_of, source

PATH = "/api/v1/sources/{}/switched"


async def test_the_module_looks_at_once_and_the_act_is_kept(world: World, api: Served) -> None:
    answer = await api.ask("POST", PATH.format("never_ran"), body={"enabled": False, "reason": "false ones"})
    assert (answer.status, body_of(answer)) == (202, {"source": "never_ran", "enabled": False})
    assert world.scheduler.asked == [("blacklist", ("never_ran",))]
    (act,) = world.audit.acts
    assert (act.action, act.subject, act.reason) == ("source.disabled", "never_ran", "false ones")
    assert act.by
    await api.ask("POST", PATH.format("never_ran"), body={"enabled": True})
    assert world.audit.acts[0].action == "source.enabled"


async def test_who_may_only_read_may_not(world: World, api: Served) -> None:
    assert (await api.ask("POST", PATH.format("one"), body={"enabled": True}, token="tip_read")).status == 403
    assert (await api.ask("POST", PATH.format("NONE"), body={"enabled": True})).status == 404
    assert (await api.ask("POST", PATH.format("one"), body={"enabled": "no"})).status == 400
    assert (world.audit.acts, world.scheduler.asked) == ([], [])


async def test_the_process_that_has_the_module_is_asked(world: World, api: Served, monkeypatch) -> None:
    monkeypatch.setattr(type(world.scheduler), "names", lambda _: [])
    await api.ask("POST", PATH.format("one"), body={"enabled": True})
    assert world.asks.asked == [("blacklist", "one")]


async def test_sources_that_are_off_are_shown_with_the_reason(world: World, api: Served) -> None:
    world.sources.rows["off"] = source("off", declared=False, state="off", error="enabled = false", class_="spam")
    rows = {row["name"]: row for row in body_of(await api.ask("GET", "/api/v1/sources"))["sources"]}
    assert (rows["off"]["state"], rows["off"]["error"]) == ("off", "enabled = false")
    assert (rows["off"]["class"], rows["off"]["tlp"], rows["off"]["redistribute"]) == ("spam", "clear", True)
