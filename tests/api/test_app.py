"""Errors, headers, authentication: what holds for every route."""

from __future__ import annotations

import msgspec
import pytest
from support.api import Served, World, body_of, header, served

from tipd.api.app import ROUTES, problem_of
from tipd.api.declare import Route
from tipd.api.shapes import ProblemShape
from tipd.model.indicator import RefusedValue

DATA = {"<name>": "example_drop", "<path:value>": "198.51.100.7", "<token_id>": "nope", "<file>": "all.txt"}


def address(route: Route) -> str:
    path = route.path
    for part, text in DATA.items():
        path = path.replace(part, text)
    return path


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/api/v1/findings/", "/%00", "/api/v1//findings"])
async def test_unknown_paths_answer_a_problem(api: Served, path: str) -> None:
    answer = await api.ask("GET", path)
    assert answer.status in {200, 404}
    if answer.status == 404:
        assert header(answer, "content-type") == "application/problem+json"
        assert msgspec.json.decode(answer.content, type=ProblemShape).status == 404


async def test_wrong_method_names_the_right_ones(api: Served) -> None:
    answer = await api.ask("DELETE", "/api/v1/findings")
    assert answer.status == 405
    assert "GET" in (header(answer, "allow") or "")
    assert body_of(answer)["status"] == 405


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope], ids=lambda route: route.name)
async def test_every_route_wants_its_scope(world: World, api: Served, route: Route) -> None:
    world.tokens.add("tip_agents", "agents")
    nobody = await api.ask(route.method, address(route), token=None)
    assert nobody.status == 401
    assert header(nobody, "www-authenticate") or route.page
    wrong = await api.ask(route.method, address(route), token="tip_agents")
    assert wrong.status == 403
    assert body_of(wrong)["scope"] == route.scope


@pytest.mark.parametrize(
    "given", ["tip_all", "Basic dGlw", "Bearer", "Bearer tip_unknown", "Bearer " + "x" * 600, "Bearer tip_é"]
)
async def test_a_bad_token_is_401(api: Served, given: str) -> None:
    answer = await api.ask("GET", "/api/v1/status", token=None, headers={"Authorization": given})
    assert answer.status == 401


async def test_a_token_in_the_address_is_refused_in_words(api: Served) -> None:
    for path in ("/api/v1/findings?token=tip_all", "/api/v1/stream?access_token=tip_all"):
        answer = await api.ask("GET", path)
        assert answer.status in {400, 426}
        assert "tip_all" not in answer.content.decode()


async def test_a_header_cannot_claim_to_be_the_control_socket(api: Served) -> None:
    for name in ("tipd.peer", "Tipd-Peer", "X-Tipd-Peer", "State"):
        answer = await api.ask("GET", "/api/v1/status", token=None, headers={name: '{"uid":0}'})
        assert answer.status == 401


async def test_the_control_socket_knows_its_caller(api: Served) -> None:
    answer = await api.ask("GET", "/api/v1/tokens", token=None, control=True)
    assert answer.status == 200
    assert (api.state_dir / "tipd.sock").stat().st_mode & 0o777 == 0o600


async def test_a_bad_token_on_the_control_socket_is_still_bad(api: Served) -> None:
    assert (await api.ask("GET", "/api/v1/tokens", token="tip_bad", control=True)).status == 401


async def test_security_headers_stand_on_every_answer(api: Served) -> None:
    for path in ("/healthz", "/nowhere", "/login", "/api/v1/status"):
        answer = await api.ask("GET", path)
        assert "default-src 'none'" in (header(answer, "content-security-policy") or "")
        assert header(answer, "x-content-type-options") == "nosniff"
        assert header(answer, "server") is None


async def test_an_error_of_ours_tells_nothing_about_itself(world: World, api: Served) -> None:
    world.health.tree = {"modules": object()}  # cannot be encoded
    answer = await api.ask("GET", "/api/v1/status")
    assert answer.status == 500
    assert b"object" not in answer.content
    assert body_of(answer)["title"] == "Internal Server Error"


async def test_the_store_away_is_503_and_the_rest_goes_on(world: World, api: Served) -> None:
    world.findings.away = world.sources.away = True
    world.available = False
    for path in ("/api/v1/findings", "/api/v1/sources", "/api/v1/exports/all.txt"):
        answer = await api.ask("GET", path)
        assert answer.status == 503
        assert header(answer, "retry-after")
    ready = await api.ask("GET", "/readyz", token=None)
    assert ready.status == 503
    assert body_of(ready)["reasons"] == ["the database is away"]
    assert (await api.ask("GET", "/healthz", token=None)).status == 200
    assert (await api.ask("POST", "/api/v1/lookup", body={"values": ["198.51.100.7"]})).status == 200
    assert (await api.ask("GET", "/api/v1/status")).status == 200
    assert b"tipd_store_up 0.0" in (await api.ask("GET", "/metrics")).content


async def test_a_declared_body_over_the_cap_is_413(world: World, tmp_path) -> None:
    async with served(world.services(max_body="4KB"), tmp_path) as api:
        answer = await api.ask("POST", "/api/v1/lookup", body={"values": ["x" * 5000]})
        assert answer.status == 413
        assert body_of(answer)["most"] == 4096
        assert header(answer, "content-type") == "application/problem+json"


async def test_head_answers_without_a_body(api: Served) -> None:
    answer = await api.ask("HEAD", "/healthz")
    assert (answer.status, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "sources/%00"), ("POST", "sources/%00/run"), ("DELETE", "tokens/a%00b"), ("GET", "exports/%00.txt")],
)
async def test_a_nul_in_a_path_is_not_found(world: World, api: Served, method: str, path: str) -> None:
    async def refuse(*_: object) -> None:
        raise AssertionError("asked the database for what it cannot hold")

    world.sources.get = world.tokens.revoke = refuse  # type: ignore[method-assign,assignment]
    assert (await api.ask(method, f"/api/v1/{path}")).status == 404


async def test_a_page_that_is_not_there_points_to_those_that_are(api: Served) -> None:
    answer = await api.ask("GET", "/api/v1/nowhere")
    assert (answer.status, b"/docs" in answer.content) == (404, True)


async def test_an_answer_without_a_body_says_nothing_of_one(world: World, api: Served) -> None:
    tag = header(await api.ask("GET", "/api/v1/exports/all.txt"), "etag") or ""
    unchanged = await api.ask("GET", "/api/v1/exports/all.txt", headers={"If-None-Match": tag})
    old = world.tokens.known[world.tokens.add("tip_old", "read")]
    revoked = await api.ask("DELETE", f"/api/v1/tokens/{old.id}")
    assert (unchanged.status, revoked.status) == (304, 204)
    for answer in (unchanged, revoked):
        assert header(answer, "content-length") is None
        assert header(answer, "content-type") is None
    assert header(unchanged, "etag") == tag


def test_a_value_that_the_store_cannot_take_is_the_asker_s() -> None:
    problem = problem_of(RefusedValue("malformed", "x"))
    assert (problem.status, problem.members) == (400, {"reason": "malformed"})
