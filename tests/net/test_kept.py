"""Connections that are kept: used again, tried anew where they had died, and shown a token only where it is safe."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from support.agent_host import serving as hosting
from support.http_server import in_turn, page, raw, redirect, serving, status

from tipd.net.fetch import Fetcher
from tipd.net.hop import locate
from tipd.net.kept import Answer, Endpoint, Kept, complaint, shown_host
from tipd.net.request import FetchError


@asynccontextmanager
async def keeping(fetcher: Fetcher, url: str, **more):
    """Give connections that are closed in the end."""
    kept = Kept(fetcher.tools, Endpoint(url=url, **more))
    try:
        yield kept
    finally:
        await kept.aclose()


def token_file(folder: Path, text: str = "tia_secret", mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return path


async def test_one_connection_serves_many_requests(fetcher: Fetcher, tmp_path: Path) -> None:
    async with hosting(tmp_path, 3, tls=True) as host:
        files = {"token_file": token_file(tmp_path, host.token), "ca_file": tmp_path / "tls.pem"}
        async with keeping(fetcher, f"https://127.0.0.1:{host.port}", **files) as kept:
            for n in (1, 2, 3, 4):
                answer = await kept.get(f"/v1/versions/{n}", most=1000)
                assert answer.status == (200 if n < 4 else 404)
            assert host.server.counts.accepted == 1


async def test_so_many_connections_and_no_more(fetcher: Fetcher, tmp_path: Path) -> None:
    async with hosting(tmp_path, 3) as host:
        more = {"token_file": token_file(tmp_path, host.token), "connections": 2}
        async with keeping(fetcher, f"http://127.0.0.1:{host.port}", **more) as kept:
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(partial(kept.get, "/v1/versions/1", most=1000))
            assert host.server.counts.accepted <= 2


async def test_a_connection_that_died_while_idle_is_replaced(fetcher: Fetcher) -> None:
    async with serving() as server:  # closes after each answer, and does not say so
        server.on("/a", page(b"one"))
        server.on("/b", page(b"two"))
        async with keeping(fetcher, server.url("/")) as kept:
            assert (await kept.get("/a", most=10)).body == b"one"
            assert (await kept.get("/b", most=10)).body == b"two"


async def test_what_breaks_in_an_answer_is_not_asked_again(fetcher: Fetcher) -> None:
    async with serving() as server, keeping(fetcher, server.url("")) as kept:
        server.on("/", in_turn(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"), page(b"whole")))
        with pytest.raises(FetchError, match="truncated"):
            await kept.get("/", most=10)
        assert len(server.seen) == 1


async def test_the_token_goes_along(fetcher: Fetcher, tmp_path: Path) -> None:
    async with serving() as server:
        server.on("/below/x", page(b"ok"))
        async with keeping(fetcher, server.url("/below/"), token_file=token_file(tmp_path)) as kept:
            assert (await kept.get("/x", most=10, fields={"range": "bytes=1-"})).body == b"ok"
        (seen,) = server.seen
    assert seen.headers["authorization"] == "Bearer tia_secret"
    assert seen.headers["range"] == "bytes=1-"
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"


async def test_without_its_file_nobody_is_asked(fetcher: Fetcher, tmp_path: Path) -> None:
    for path in (tmp_path / "none", token_file(tmp_path, mode=0o644)):
        kept = Kept(fetcher.tools, Endpoint(url="https://127.0.0.1:1", token_file=path, way="ask mx1"))
        with pytest.raises(FetchError) as raised:
            await kept.get("/", most=10)
        assert raised.value.state == "needs_key"
        assert "secret" not in str(raised.value)


async def test_plain_http_is_for_loopback_alone(fetcher: Fetcher, tmp_path: Path, monkeypatch) -> None:
    async with serving() as server:
        server.on("/", page(b"ok"))

        async def elsewhere(tools, place, *_more):
            from tipd.net.transport import Dialled

            return Dialled(await trio.open_tcp_stream("127.0.0.1", server.port), "192.0.2.1")

        monkeypatch.setattr("tipd.net.kept.connect", elsewhere)
        kept = Kept(fetcher.tools, Endpoint(url="http://mx1.example.org", token_file=token_file(tmp_path)))
        with pytest.raises(FetchError, match="TLS is required"):
            await kept.get("/", most=10)
        assert not server.seen


async def test_the_guard_and_certificates_hold(make_fetcher, tmp_path: Path) -> None:
    async with hosting(tmp_path, 1, tls=True) as host:
        url = f"https://127.0.0.1:{host.port}"
        with pytest.raises(FetchError, match="guard"):
            await Kept(make_fetcher(allow_networks=()).tools, Endpoint(url=url)).get("/", most=10)
        with pytest.raises(FetchError, match="certificate"):
            await Kept(make_fetcher().tools, Endpoint(url=url)).get("/", most=10)
        within = Endpoint(url=url, ca_file=tmp_path / "tls.pem", allow_networks=("127.0.0.0/8",))
        assert (await Kept(make_fetcher(allow_networks=()).tools, within).get("/", most=10)).status == 401


async def test_redirects_are_not_followed(fetcher: Fetcher) -> None:
    async with serving() as server, keeping(fetcher, server.url("")) as kept:
        server.on("/", redirect("/elsewhere"))
        answer = await kept.get("/", most=10)
    error = complaint(answer)
    assert (answer.status, error.state) == (302, "unreachable")
    assert "redirects" in str(error)


@pytest.mark.parametrize(
    ("code", "state"),
    [(401, "forbidden"), (403, "forbidden"), (404, "gone"), (410, "gone"), (429, "rate_limited"), (500, "unreachable")],
)
async def test_what_a_refusal_means(fetcher: Fetcher, code: int, state: str) -> None:
    async with serving() as server, keeping(fetcher, server.url("")) as kept:
        server.on("/", status(code))
        answer = await kept.get("/", most=10)
    assert complaint(answer).state == state
    assert complaint(Answer(code, {})).http_status == code


async def test_pouring(fetcher: Fetcher) -> None:
    poured: list[bytes] = []

    async def take(piece: bytes) -> None:
        poured.append(piece)

    async with serving() as server, keeping(fetcher, server.url("")) as kept:
        server.on("/", page(b"body"))
        server.on("/gone", page(b"why", 410))
        assert (await kept.get("/", most=10, pour=lambda _head: take)).body == b""
        assert (await kept.get("/gone", most=10, pour=lambda _head: take)).body == b"why"
    assert b"".join(poured) == b"body"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://mx1.example.org", "mx1.example.org"),
        ("https://mx1.example.org:8472", "mx1.example.org:8472"),
        ("https://[2001:db8::1]:8472", "[2001:db8::1]:8472"),
        ("http://mx1.example.org", "mx1.example.org"),
    ],
)
def test_the_host_field(url: str, host: str) -> None:
    assert shown_host(locate(url)) == host
