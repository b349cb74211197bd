"""Tokens, by who may make them."""

from __future__ import annotations

from support.api import Served, body_of


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
