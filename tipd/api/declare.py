"""Declaring routes: one value a route, from which quart's rules, the checks, and the OpenAPI document are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tipd.api.problem import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from quart.wrappers import Request

    from tipd.api.auth import Caller
    from tipd.api.core import Core

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is more than a JSON value with status 200."""

    body: bytes | AsyncIterator[bytes] = b""
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: who asks, and what was checked of it.

    `query` and `body` are of the types the route declares; `scheme` is http or https, as the client sees it.
    """

    core: Core
    caller: Caller | None
    query: Any
    body: Any
    path: Mapping[str, str]
    request: Request
    scheme: str


type View = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    `path` is quart's (`/api/v1/sources/<name>`); `scope` what the caller must hold, None: anybody; `query`, `body` and
    `answer` are msgspec types; `produces` the content type where it is not JSON; `problems` the statuses it may fail
    with beside 400, 401, 403 and 500; `page`: a page for people, not part of the OpenAPI document; `streams`: content
    types of a body that the view uses as it comes, up to `[api] max_upload`.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    view: View
    summary: str
    scope: str | None = "read"
    query: type[msgspec.Struct] | None = None
    body: Any = None
    answer: Any = None
    status: int = 200
    produces: str = JSON
    problems: Sequence[int] = ()
    tag: str = "tipd"
    page: bool = False
    streams: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The name quart and OpenAPI know it by."""
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"


def read_query(route: Route, request: Request) -> Any:
    """Return the query string as the route's type; raises Problem 400 that names the parameter.

    A list may be given by repeating the parameter, by commas, or both; anything else only once.
    """
    given = request.args.to_dict(flat=False)
    if "token" in given or "access_token" in given:
        raise Problem(400, "a token goes into the Authorization header: addresses end in logs")
    known = {one.encode_name: one for one in msgspec.structs.fields(route.query)} if route.query else {}
    values: dict[str, Any] = {}
    for name, texts in given.items():
        if name not in known:
            raise Problem(400, f"unknown parameter {name[:100]!r}", parameter=name[:100], known=sorted(known))
        if any("\0" in text for text in texts):
            raise Problem(400, f"the parameter {name!r} holds a NUL", parameter=name)  # PostgreSQL takes none
        values[name] = _value(name, texts, many=msgspec.inspect.type_info(known[name].type))
    if route.query is None:
        return None
    try:
        return msgspec.convert(values, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(400, f"the query string is wrong: {error}") from None


def _value(name: str, texts: list[str], *, many: msgspec.inspect.Type) -> str | list[str]:
    if isinstance(many, msgspec.inspect.ListType):
        return [part for text in texts for part in text.split(",")]
    if len(texts) > 1:
        raise Problem(400, f"the parameter {name!r} stands more than once", parameter=name)
    return texts[0]


async def read_body(route: Route, request: Request) -> Any:
    """Return the JSON body as the route's type, None where it takes none; raises Problem 400."""
    if route.body is None:
        return None
    data = await request.get_data(cache=False)
    try:
        return msgspec.json.decode(data, type=route.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the body is not what is asked for: {error}") from None
