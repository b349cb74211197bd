"""What a caller may see at the doors that count and name things."""

from __future__ import annotations

import pytest
from support.api import Served, World, body_of, source

from tipd.model.tlp import Tlp


@pytest.fixture
def hidden(world: World) -> World:
    """Give a world with a red source, and a token that may see it."""
    world.sources.rows["secret"] = source("secret", tlp=Tlp.RED, entries=777)
    world.tokens.add("tip_red", "read", "write", max_tlp="red")
    world.health.tree["modules"][0]["last_error"] = "secret: no answer"
    return world


@pytest.mark.parametrize("path", ["/api/v1/sources", "/metrics", "/api/v1/status", "/api/v1/exports"])
async def test_a_source_above_the_mark_is_neither_named_nor_counted(hidden: World, api: Served, path: str) -> None:
    hidden.index.ready = False
    answer = await api.ask("GET", path, token="tip_read")
    assert answer.status == 200
    assert b"secret" not in answer.content
    assert b"777" not in answer.content
    assert b"789" not in answer.content


async def test_it_is_there_for_who_may_see_it(hidden: World, api: Served) -> None:
    for path in ("/api/v1/sources", "/metrics", "/api/v1/status", "/api/v1/sources/secret"):
        answer = await api.ask("GET", path, token="tip_red")
        assert (answer.status, b"secret" in answer.content) == (200, True)


async def test_by_its_name_it_is_not_there(hidden: World, api: Served) -> None:
    for method, path in (
        ("GET", "/api/v1/sources/{}"),
        ("POST", "/api/v1/sources/{}/run"),
        ("POST", "/api/v1/sources/{}/accept"),
    ):
        answers = [await api.ask(method, path.format(name)) for name in ("secret", "nobody")]
        assert [answer.status for answer in answers] == [404, 404]
        assert body_of(answers[0])["detail"].replace("secret", "nobody") == body_of(answers[1])["detail"]
    assert hidden.scheduler.asked == []
    assert (await api.ask("POST", "/api/v1/sources/secret/run", token="tip_red")).status == 202


async def test_facts_of_the_tree_are_for_who_sees_all(hidden: World, api: Served) -> None:
    def node(answer: object) -> dict:
        return body_of(answer)["nursery"]["modules"][0]

    bare = node(await api.ask("GET", "/api/v1/status"))
    assert (bare["state"], bare["last_error"], "facts" in bare) == ("running", None, False)
    whole = node(await api.ask("GET", "/api/v1/status", token="tip_red"))
    assert (whole["last_error"], whole["facts"]) == ("secret: no answer", {"sources": 3})
    del hidden.sources.rows["secret"]
    assert "facts" in node(await api.ask("GET", "/api/v1/status"))
    hidden.index.hides = lambda _mark: True  # a row that is stricter than its source
    assert "facts" not in node(await api.ask("GET", "/api/v1/status"))
    hidden.index.hides = lambda _mark: False
    hidden.sources.away = True  # nobody knows what may be seen
    assert "facts" not in node(await api.ask("GET", "/api/v1/status"))
    assert "facts" in node(await api.ask("GET", "/api/v1/status", token="tip_red"))


async def test_the_console_shows_what_its_session_may_see(hidden: World, api: Served) -> None:
    sessions = api.app.core.services.sessions
    for mark, shown in ((Tlp.GREEN, False), (Tlp.RED, True)):
        cookie = {"Cookie": f"tipd_session={sessions.redeem(sessions.new_console_code(mark))}"}
        for path in ("/sources", "/sources/rows", "/nursery", "/nursery/tree"):
            page = await api.ask("GET", path, token=None, headers=cookie)
            assert (page.status, b"secret" in page.content) == (200, shown), path
        run = await api.ask(
            "POST", "/sources/secret/run", token=None, headers=cookie | {"Origin": f"http://127.0.0.1:{api.port}"}
        )
        assert (b"there is no source" in run.content) is not shown
