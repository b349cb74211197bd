"""The document made from declarations."""

from __future__ import annotations

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.openapi import document, openapi_path


class Shown(msgspec.Struct):
    """What is shown."""

    value: str


class Asked(msgspec.Struct):
    """What is asked."""

    limit: int
    kind: list[str] = []


async def view(_call: Call) -> Shown:
    """Say what it does."""
    return Shown("")


def test_a_route_becomes_an_operation() -> None:
    route = Route(
        method="GET",
        path="/a/<path:value>/b/<name>",
        view=view,
        summary="Short",
        query=Asked,
        answer=Shown,
        problems=(410,),
    )
    assert openapi_path(route) == "/a/{value}/b/{name}"
    operation = document([route], "1")["paths"]["/a/{value}/b/{name}"]["get"]
    assert operation["description"] == "Say what it does."
    named = {one["name"]: (one["in"], one["required"]) for one in operation["parameters"]}
    assert named == {
        "value": ("path", True),
        "name": ("path", True),
        "limit": ("query", True),
        "kind": ("query", False),
    }
    assert list(operation["responses"]) == ["200", "400", "401", "403", "410", "500"]
    assert operation["x-scope"] == "read"


def test_open_routes_need_nobody_and_pages_are_left_out() -> None:
    free = Route(method="POST", path="/x", view=view, summary="s", scope=None, body=Asked, status=201)
    page = Route(method="GET", path="/p", view=view, summary="s", page=True)
    paths = document([free, page], "1")["paths"]
    assert list(paths) == ["/x"]
    assert paths["/x"]["post"]["security"] == []
    assert paths["/x"]["post"]["requestBody"]["required"]
    assert "201" in paths["/x"]["post"]["responses"]
