"""The document and the page for people."""

from __future__ import annotations

import re

import msgspec
from support.api import Served, body_of

from tipd.api.app import ROUTES
from tipd.api.openapi import openapi_path


async def test_the_document_names_every_route_and_no_other(api: Served) -> None:
    document = body_of(await api.ask("GET", "/openapi.json", token=None))
    assert document["openapi"] == "3.1.0"
    told = {(path, method) for path, one in document["paths"].items() for method in one}
    assert told == {(openapi_path(route), route.method.lower()) for route in ROUTES if not route.page}
    rules = {re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule) for rule in api.app.url_map.iter_rules()}
    assert {path for path, _ in told} <= rules
    text = msgspec.json.encode(document).decode()
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in schemas
    for one in document["paths"].values():
        for operation in one.values():
            assert operation["summary"]


async def test_the_page_shows_every_path(api: Served) -> None:
    page = (await api.ask("GET", "/docs", token=None)).content.decode()
    for route in ROUTES:
        assert route.page or openapi_path(route) in page
