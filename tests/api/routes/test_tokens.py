"""Tokens, by who may make them."""

from __future__ import annotations

from support.api import Served, World, body_of

from tipd.model.tlp import Tlp


async def test_tokens_are_made_listed_and_revoked(api: Served) -> None:
    asked = {"scopes": ["read"], "note": "scraper", "expires_in": "30d"}
    made = await api.ask("POST", "/api/v1/tokens", body=asked)
    assert made.status == 201
    token = body_of(made)
    assert (token["scopes"], token["note"]) == (["read"], "scraper")
    assert token["token"].encode() not in (await api.ask("GET", "/api/v1/tokens")).content
    assert (await api.ask("GET", "/metrics", token=token["token"])).status == 200
    assert (await api.ask("DELETE", f"/api/v1/tokens/{token['id']}")).status == 204
    assert (await api.ask("DELETE", f"/api/v1/tokens/{token['id']}")).status == 404
    assert (await api.ask("GET", "/metrics", token=token["token"])).status == 401
    for wrong in ({"scopes": ["root"]}, {"scopes": []}, {"scopes": ["read"], "expires_in": "soon"}):
        assert (await api.ask("POST", "/api/v1/tokens", body=wrong)).status == 400


async def test_a_token_sees_no_more_than_who_makes_it(world: World, api: Served) -> None:
    world.tokens.add("tip_amber", "admin", max_tlp="amber")
    world.tokens.add("tip_clear", "admin", max_tlp="clear")
    for maker, asked, given in (
        ("tip_amber", None, "green"),
        ("tip_amber", "amber", "amber"),
        ("tip_amber", "white", "clear"),
        ("tip_clear", None, "clear"),
    ):
        body = {"scopes": ["read"]} | ({} if asked is None else {"max_tlp": asked})
        made = await api.ask("POST", "/api/v1/tokens", token=maker, body=body)
        assert (made.status, body_of(made)["max_tlp"]) == (201, given)
    for maker, asked, status in (
        ("tip_amber", "amber+strict", 403),
        ("tip_amber", "red", 403),
        ("tip_clear", "green", 403),
        ("tip_amber", "purple", 400),
    ):
        body = {"scopes": ["read"], "max_tlp": asked}
        assert (await api.ask("POST", "/api/v1/tokens", token=maker, body=body)).status == status
    red = await api.ask("POST", "/api/v1/tokens", token=None, control=True, body={"scopes": ["read"], "max_tlp": "red"})
    assert body_of(red)["max_tlp"] == "red"
    listed = body_of(await api.ask("GET", "/api/v1/tokens"))["tokens"]
    assert {token["max_tlp"] for token in listed} == {"clear", "green", "amber", "red"}


async def test_a_console_shows_what_its_link_was_asked_with(world: World, api: Served) -> None:
    world.tokens.add("tip_amber", "admin", max_tlp="amber")
    sessions = api.app.core.services.sessions
    for token, mark in (("tip_all", Tlp.GREEN), ("tip_amber", Tlp.AMBER), (None, Tlp.RED)):
        link = body_of(await api.ask("POST", "/api/v1/console-links", token=token, control=token is None))
        session = sessions.known(sessions.redeem(link["code"]) or "")
        assert session is not None
        assert session.max_tlp is mark
