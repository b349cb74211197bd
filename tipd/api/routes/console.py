"""The web console: pages for people, with a session's cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.api.declare import HTML, Answer, Call, Route
from tipd.api.problem import Problem
from tipd.api.routes.indicators import everything
from tipd.api.routes.sources import accept, find, request_run
from tipd.api.sessions import COOKIE
from tipd.api.sight import max_tlp_of, seen, tree_for
from tipd.errors import StoreAway

if TYPE_CHECKING:
    pass

_YEAR = 365 * 86400


class LoginQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The one-time code."""

    code: str = ""


class LookupQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look up."""

    value: str = ""


class FileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The file's tag, so that a changed file has another address."""

    v: str = ""


def _page(call: Call, template: str, status: int = 200, **values: Any) -> Answer:
    return Answer(call.core.pages.render(template, **values), status, HTML)


async def login(call: Call) -> Answer:
    """Exchange a one-time code for a session.

    The answer is a page, not a redirect: after a link from elsewhere a browser would not send a SameSite=Strict
    cookie along with a redirect.
    """
    key = call.core.services.sessions.redeem(call.query.code) if call.query.code else None
    if key is None:
        reason = "this link was used already, or is older than ten minutes" if call.query.code else ""
        return _page(call, "login.html", 401, reason=reason)
    answer = _page(call, "welcome.html")
    return Answer(answer.body, 200, HTML, {"Set-Cookie": _cookie(key, call.scheme), "Referrer-Policy": "no-referrer"})


async def logout(call: Call) -> Answer:
    """End the session."""
    call.core.services.sessions.forget(call.request.cookies.get(COOKIE, ""))
    gone = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
    return Answer(status=303, content_type=HTML, headers={"Location": "/login", "Set-Cookie": gone})


def _cookie(key: str, scheme: str) -> str:
    secure = "; Secure" if scheme == "https" else ""
    return f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict{secure}"


async def sources(call: Call) -> Answer:
    """Sources and their states."""
    return _page(call, "sources.html", here="sources", **await _sources(call))


async def source_rows(call: Call) -> Answer:
    """The table of sources, as the page asks for it again and again."""
    return _page(call, "source_rows.html", **await _sources(call))


async def _sources(call: Call) -> dict[str, Any]:
    try:
        rows = seen(await call.core.services.store.sources.all(), max_tlp_of(call))
    except StoreAway:
        return {"sources": [], "away": True, "total": 0, "troubled": 0}
    troubled = sum(row.state not in {"ok", "unchanged", "new"} for row in rows)
    return {
        "sources": sorted(rows, key=lambda row: row.name),
        "away": False,
        "total": sum(row.entries for row in rows),
        "troubled": troubled,
    }


async def run(call: Call) -> Answer:
    """Ask a source now; the button's answer."""
    try:
        await request_run(call, call.path["name"])
    except Problem as problem:
        return _page(call, "run_button.html", source=None, said=problem.detail)
    row = await find(call, call.path["name"])
    return _page(call, "run_button.html", source=row, said="asked")


async def accept_refused(call: Call) -> Answer:
    """Accept what is set aside; the button's answer."""
    try:
        await accept(call, call.path["name"])
    except Problem as problem:
        return _page(call, "accept_button.html", source=None, said=problem.detail)
    return _page(call, "accept_button.html", source=None, said="accepted")


async def nursery(call: Call) -> Answer:
    """The nursery tree."""
    return _page(call, "nursery.html", here="nursery", tree=await tree_for(call))


async def nursery_tree(call: Call) -> Answer:
    """The tree alone, as the page asks for it again and again."""
    return _page(call, "nursery_tree.html", tree=await tree_for(call))


async def lookup(call: Call) -> Answer:
    """Look one value up."""
    value = call.query.value.strip()
    if not value:
        return _page(call, "lookup.html", here="lookup", value="", found=None, problem=None)
    try:
        found = await everything(call.core, max_tlp_of(call), value)
    except StoreAway:
        return _page(call, "lookup.html", 503, here="lookup", value=value, found=None, problem="the database is away")
    except Problem as problem:
        status = problem.status
        return _page(call, "lookup.html", status, here="lookup", value=value, found=None, problem=problem.detail)
    return _page(call, "lookup.html", here="lookup", value=value, found=found, problem=None)


async def static(call: Call) -> Answer:
    """A file of the console."""
    file = call.core.pages.files.get(call.path["name"])
    if file is None:
        raise Problem(404, "there is no such file")
    # An address with the right tag always means the same bytes.
    lasting = f"public, max-age={_YEAR}, immutable" if call.query.v == file.tag else "no-cache"
    headers = {"Cache-Control": lasting, "ETag": f'"{file.tag}"'}
    if call.request.headers.get("If-None-Match") == headers["ETag"]:
        return Answer(status=304, content_type=file.content_type, headers=headers)
    return Answer(file.body, content_type=file.content_type, headers=headers)


def _get(path: str, view: Any, summary: str, **more: Any) -> Route:
    return Route(method="GET", path=path, view=view, summary=summary, produces=HTML, page=True, **more)


def _post(path: str, view: Any, summary: str, **more: Any) -> Route:
    return Route(method="POST", path=path, view=view, summary=summary, produces=HTML, page=True, **more)


ROUTES = (
    _get("/login", login, "Log in", scope=None, query=LoginQuery),
    _post("/logout", logout, "Log out"),
    _get("/sources", sources, "Sources"),
    _get("/sources/rows", source_rows, "Sources, the table"),
    _post("/sources/<name>/run", run, "Ask a source now", scope="write"),
    _post("/sources/<name>/accept", accept_refused, "Accept what is set aside", scope="write"),
    _get("/nursery", nursery, "The nursery tree"),
    _get("/nursery/tree", nursery_tree, "The nursery tree alone"),
    _get("/lookup", lookup, "Look a value up", query=LookupQuery),
    _get("/static/<name>", static, "Files", scope=None, query=FileQuery),
)
