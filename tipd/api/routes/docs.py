"""`/openapi.json`, and `/docs`: the same for people, from our own files."""

from __future__ import annotations

from typing import Any

from tipd.api.declare import HTML, Answer, Call, Route
from tipd.api.openapi import document


async def openapi(call: Call) -> dict[str, Any]:
    """This API as an OpenAPI 3.1 document."""
    return _document(call)


async def docs(call: Call) -> Answer:
    """This API for people."""
    return Answer(call.core.pages.render("docs.html", document=_document(call)), content_type=HTML)


def _document(call: Call) -> dict[str, Any]:
    from tipd.api.app import ROUTES  # the list of routes names this file

    return document(ROUTES, call.core.services.version)


ROUTES = (
    Route(method="GET", path="/openapi.json", view=openapi, scope=None, summary="This API as an OpenAPI document"),
    Route(method="GET", path="/docs", view=docs, scope=None, produces=HTML, summary="This API for people", page=True),
)
