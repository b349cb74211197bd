"""The quart application: routes, errors, headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from tipd.api.auth import Claims, Gate, same_origin
from tipd.api.core import make_core
from tipd.api.declare import HTML, Answer, Call, Route, read_body, read_query
from tipd.api.pages import Pages
from tipd.api.problem import Problem, store_away
from tipd.api.routes import (
    agents,
    allowed,
    asn,
    campaigns,
    console,
    console_flux,
    console_live,
    console_spam,
    console_trends,
    docs,
    entries,
    explain,
    exports,
    findings,
    flux,
    flux_export,
    flux_import,
    flux_networks,
    flux_rescore,
    forget,
    health,
    indicators,
    mails,
    pdns,
    pivot,
    rounds,
    sources,
    spamtraps,
    status,
    stream,
    switches,
    tokens,
    trends,
    watching,
)
from tipd.api.sessions import COOKIE
from tipd.errors import StoreAway, TryAgain
from tipd.model.indicator import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tipd.api.auth import Caller
    from tipd.api.core import Core
    from tipd.api.services import Services

# The list of all routes; nothing registers itself.
ROUTES: tuple[Route, ...] = (
    *health.ROUTES,
    *status.ROUTES,
    *findings.ROUTES,
    *stream.ROUTES,
    *explain.ROUTES,  # before the value, which may hold slashes
    *indicators.ROUTES,
    *sources.ROUTES,
    *rounds.ROUTES,
    *forget.ROUTES,
    *switches.ROUTES,
    *entries.ROUTES,
    *exports.ROUTES,
    *allowed.ROUTES,
    *tokens.ROUTES,
    *trends.ROUTES,
    *asn.ROUTES,
    *flux.ROUTES,
    *flux_export.ROUTES,
    *flux_import.ROUTES,
    *flux_networks.ROUTES,
    *flux_rescore.ROUTES,
    *pivot.ROUTES,
    *pdns.ROUTES,
    *spamtraps.ROUTES,
    *agents.ROUTES,
    *campaigns.ROUTES,
    *mails.ROUTES,
    *watching.ROUTES,
    *docs.ROUTES,
    *console.ROUTES,
    *console_live.ROUTES,
    *console_trends.ROUTES,
    *console_flux.ROUTES,
    *console_spam.ROUTES,
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BODILESS = frozenset({204, 304})


class TipdApp(QuartTrio):
    """The application, and what it shares with the server."""

    core: Core
    pages: Pages


def create_app(services: Services) -> TipdApp:
    """Build the application; `serve` runs it."""
    app = TipdApp("tipd.api", static_folder=None, template_folder=None)
    app.core = make_core(services)
    app.pages = Pages(services.version)
    app.url_map.merge_slashes = False  # a URL is a value in a path
    app.config["BODY_TIMEOUT"] = 30
    app.config["RESPONSE_TIMEOUT"] = None  # an export is long; what bounds it is each piece's time
    app.config["MAX_CONTENT_LENGTH"] = None  # the layer in front counts, chunked bodies too
    for route in ROUTES:
        app.add_url_rule(
            route.path,
            route.name,
            _served(app, route),
            methods=[route.method],
            strict_slashes=False,
            provide_automatic_options=False,
        )
    stream.register_slow_route(app, app.core)
    app.register_error_handler(Exception, _failed(app))
    app.after_request(_finished(app))
    return app


def _served(app: TipdApp, route: Route) -> Callable[..., Awaitable[Response]]:
    async def view(**path: str) -> Response:
        core = app.core
        scheme = request.scheme
        if any("\0" in part for part in path.values()):
            raise Problem(404, "nothing here has a NUL in its name")  # and PostgreSQL takes none
        try:
            caller = await _caller(core.gate, core, route)
        except Problem as problem:
            if not route.page or problem.status != 401:
                raise
            return _response(Answer(app.pages.render("login.html", reason=problem.detail), 401, HTML))
        query = read_query(route, request)
        body = await read_body(route, request)
        call = Call(core, caller, query, body, path, request, scheme)
        return _response(_as_answer(await route.view(call), route))

    return view


async def _caller(gate: Gate, core: Core, route: Route) -> Caller | None:
    if route.scope is None:
        return None
    peer = request.scope.get("state", {}).get("tipd.peer")
    claims = Claims(request.headers.get("Authorization"), request.cookies.get(COOKIE), peer)
    caller = await gate.allow(claims, route.scope)
    if caller.way == "session" and request.method not in _SAFE:
        _check_same_site(core)
    return caller


def _check_same_site(core: Core) -> None:
    """Raise Problem 403 unless a page of ours sends the request: a cookie alone is no proof of that."""
    allowed = core.services.settings.allowed_origins
    if not same_origin(request.headers.get("Origin"), request.scheme, request.headers.get("Host"), allowed):
        raise Problem(403, "a console session may change things only from tipd's own pages")


def _as_answer(given: Any, route: Route) -> Answer:
    if isinstance(given, Answer):
        return given
    body = given if isinstance(given, bytes) else msgspec.json.encode(given)
    return Answer(body, route.status, route.produces)


def _response(answer: Answer) -> Response:
    response = Response(answer.body, status=answer.status, content_type=answer.content_type)
    response.headers.update(answer.headers)
    return response


def _failed(app: TipdApp) -> Callable[[Exception], Awaitable[Response]]:
    async def failed(error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == 500:
            app.core.services.log.error("a request failed", exc_info=error, path=request.path, method=request.method)
        response = Response(problem.body(), status=problem.status)
        response.headers.update(problem.all_headers())
        return response

    return failed


def problem_of(error: Exception) -> Problem:
    """Return any error as a problem; what is not expected tells nothing about itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StoreAway):
        return store_away()
    if isinstance(error, TryAgain):
        return Problem(503, str(error), headers={"Retry-After": "5"})
    if isinstance(error, RefusedValue):
        return Problem(400, f"that is no value tipd takes: {error.reason}", reason=error.reason)
    if isinstance(error, HTTPException):
        headers = {name: value for name, value in error.get_headers() if name.lower() in {"allow", "location"}}
        why = "there is no such page: /docs lists all there are" if error.code == 404 else error.description
        return Problem(error.code or 500, why or error.name, headers=headers)
    return Problem(500, "tipd failed here; its log says why")


def _finished(app: TipdApp) -> Callable[[Response], Awaitable[Response]]:
    async def finished(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in {*_SAFE, "POST", "PUT", "PATCH", "DELETE"} else "other"
        app.core.requests[method, rule, response.status_code] += 1
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if response.status_code in _BODILESS:
            for name in ("Content-Type", "Content-Length"):  # what they would say is not so (RFC 9110, 8.6 and 15.4.5)
                response.headers.pop(name, None)
        return response

    return finished
