"""The OpenAPI 3.1 document, made from the routes' declarations and the msgspec types they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.api.declare import JSON, Route
from tipd.api.problem import CONTENT_TYPE, title_of
from tipd.api.shapes import ProblemShape

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATH_PART = re.compile(r"<(?:path:)?([a-z_][a-z0-9_]*)>")
_REFERENCE = "#/components/schemas/{name}"


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """Return the document for all routes that are not pages for people."""
    told = [route for route in routes if not route.page]
    kinds = [kind for route in told for kind in (route.body, route.answer) if kind is not None]
    _, components = msgspec.json.schema_components([*kinds, ProblemShape], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in told:
        paths.setdefault(openapi_path(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tipd",
            "version": version,
            "summary": "Internet threat trends, gathered by itself",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token: tip_…"},
                "console": {"type": "apiKey", "in": "cookie", "name": "tipd_session"},
            },
        },
    }


def openapi_path(route: Route) -> str:
    """Return the route's path as OpenAPI writes it."""
    return _PATH_PART.sub(r"{\1}", route.path)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": route.view.__doc__ or route.summary,
        "tags": [route.tag],
        "responses": _responses(route),
        "security": [{"bearer": []}, {"console": []}] if route.scope else [],
    }
    parameters = [*_path_parameters(route), *_query_parameters(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.scope:
        operation["x-scope"] = route.scope
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": _schema(route.body)}}}
    elif route.streams:
        content = {kind: {"schema": {"type": "string"}} for kind in route.streams}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": title_of(route.status)}
    if route.answer is not None:
        good["content"] = {JSON: {"schema": _schema(route.answer)}}
    elif route.produces != JSON:
        good["content"] = {route.produces: {"schema": {"type": "string"}}}
    responses = {str(route.status): good}
    problem = {CONTENT_TYPE: {"schema": _schema(ProblemShape)}}
    for status in sorted({400, 500, *((401, 403) if route.scope else ()), *route.problems}):
        responses[str(status)] = {"description": title_of(status), "content": problem}
    return responses


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = _PATH_PART.findall(route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    (_,), components = msgspec.json.schema_components([route.query], ref_template=_REFERENCE)
    shape = components[route.query.__name__]
    required = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in shape["properties"].items()
    ]


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return schema
