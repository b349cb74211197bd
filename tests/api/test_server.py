"""The server itself: heads, caps, control socket, TLS, stopping whatever clients do."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path

import msgspec
import pytest
import trio
import trustme
from support.api import World, finding, served
from support.sockets import connect, read_all, read_head, upgrade, websocket

from tipd.api import listeners
from tipd.api.server import serve
from tipd.errors import ConfigError, Unavailable


async def test_stopping_takes_seconds_while_a_websocket_client_does_not_read(world: World, tmp_path: Path) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 20_001)])
    async with served(world.services(), tmp_path) as api:
        await websocket(api, "?since=0", receive_buffer=4096)
        slow = await connect(api.port, receive_buffer=4096)
        await slow.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + upgrade("?since=0"))
        with trio.fail_after(60):
            while api.app.core.hub.readers < 2:
                await trio.sleep(0.01)
        api.shutdown.set()
        with trio.fail_after(60):
            await api.stopped.wait()


async def test_stopping_takes_seconds_while_a_download_is_not_read(world: World, tmp_path: Path) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 10_001)])
    async with served(world.services(), tmp_path) as api:
        lazy = await connect(api.port, receive_buffer=4096)
        await lazy.send_all(
            b"GET /api/v1/findings?limit=10000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tip_all\r\n\r\n"
        )
        await lazy.receive_some(10)  # the answer has begun
        api.shutdown.set()
        with trio.fail_after(60):
            await api.stopped.wait()


async def test_cancelling_the_server_ends_it_too(world: World, tmp_path: Path) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 20_001)])
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            names = await nursery.start(
                lambda task_status: serve(
                    world.services(), state_dir=tmp_path, shutdown=trio.Event(), task_status=task_status
                )
            )
            client = await connect(int(names[0].rpartition(":")[2]), receive_buffer=4096)
            await client.send_all(upgrade("?since=0"))
            await client.receive_some(10)
            nursery.cancel_scope.cancel()


async def test_a_client_that_does_not_read_is_given_up(world: World, tmp_path: Path) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 10_001)])
    async with served(world.services(send_timeout="300ms"), tmp_path) as api:
        lazy = await connect(api.port, receive_buffer=4096)
        await lazy.send_all(
            b"GET /api/v1/findings?limit=10000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tip_all\r\n\r\n"
        )
        counts = api.app.core.connections
        with trio.fail_after(60):
            while counts["ended"] < 1:
                await trio.sleep(0.05)


async def test_a_head_that_never_ends_is_408_or_431(world: World, tmp_path: Path) -> None:
    async with served(world.services(head_timeout="200ms"), tmp_path) as api:
        drip = await connect(api.port)
        await drip.send_all(b"GET / HTTP/1.1\r\nHost:")
        assert (await read_all(drip)).startswith(b"HTTP/1.1 408 ")
        silent = await connect(api.port)
        assert (await read_all(silent)).startswith(b"HTTP/1.1 408 ")
        big = await connect(api.port)
        await big.send_all(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
        assert (await read_all(big)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\x00\n\n", b"GET\r\n\r\n", b"\x00\xff" * 50 + b"\n\n"])
async def test_garbage_is_400(api, garbage: bytes) -> None:
    stream = await connect(api.port)
    await stream.send_all(garbage)
    with trio.fail_after(60):
        assert (await read_all(stream))[:12] == b"HTTP/1.1 400"


async def test_a_chunked_body_is_counted_as_it_arrives(world: World, tmp_path: Path) -> None:
    async with served(world.services(max_body="64KB"), tmp_path) as api:
        stream = await connect(api.port)
        await stream.send_all(
            b"POST /api/v1/lookup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tip_all\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        with trio.fail_after(60):
            try:
                for _ in range(1000):
                    await stream.send_all(b"1000\r\n" + b" " * 4096 + b"\r\n")
            except trio.BrokenResourceError:
                pass  # it hung up on us, as it should
            assert (await read_all(stream)).startswith(b"HTTP/1.1 413 ")


async def test_a_chunked_body_within_the_cap_is_read(api) -> None:
    body = msgspec.json.encode({"values": ["198.51.100.7"]})
    stream = await connect(api.port)
    await stream.send_all(
        b"POST /api/v1/lookup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tip_all\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    )
    answer = await read_all(stream)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"listed":true' in answer


async def test_connections_are_capped_and_the_control_socket_still_answers(world: World, tmp_path: Path) -> None:
    async with served(world.services(max_connections=3), tmp_path) as api:
        held = [await connect(api.port) for _ in range(3)]
        with trio.fail_after(60):
            while api.app.core.connections["accepted"] < 3:
                await trio.sleep(0.01)
        turned_away = await connect(api.port)
        assert (await read_all(turned_away)).startswith(b"HTTP/1.1 503 ")
        assert (await api.ask("GET", "/api/v1/status", token=None, control=True)).status == 200
        await held[0].aclose()
        with trio.fail_after(60):
            while api.app.core.connections["ended"] < 2:
                await trio.sleep(0.01)
        assert (await api.ask("GET", "/healthz")).status == 200


async def test_keep_alive_serves_several_requests(api) -> None:
    stream = await connect(api.port)
    for _ in range(3):
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        head, rest = await read_head(stream)
        while b"true}" not in rest:
            rest += bytes(await stream.receive_some(1000))
        assert head.startswith(b"HTTP/1.1 200 ")


async def test_pipelined_requests_are_all_answered(api) -> None:
    stream = await connect(api.port)
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    await stream.send_all(one + one + one.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    assert (await read_all(stream)).count(b"HTTP/1.1 200 ") == 3


async def test_an_address_in_use_is_said_in_words(world: World, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"cannot listen on {address}: Address already in use"):
            await serve(world.services(listen=address), state_dir=tmp_path, shutdown=trio.Event())
    assert not (tmp_path / "tipd.sock").exists()


async def test_several_addresses_and_a_unix_socket(world: World, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    settings = {"listen": ["127.0.0.1:0", "[::1]:0", f"unix:{deep}/api.sock"]}
    async with served(world.services(**settings), tmp_path) as api:
        with listeners.short_path(deep / "api.sock") as short:
            stream = await trio.open_unix_socket(short)
        async with stream:
            await stream.send_all(b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await read_all(stream)).startswith(b"HTTP/1.1 401 ")  # only the control socket knows its callers
        assert (await api.ask("GET", "/healthz")).status == 200
    assert not (deep / "api.sock").exists()


async def test_a_stale_socket_is_replaced_and_a_file_is_not(world: World, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "tipd.sock"))
    async with served(world.services(), tmp_path) as api:
        assert (await api.ask("GET", "/api/v1/status", token=None, control=True)).status == 200
        with pytest.raises(Unavailable, match="somebody listens there already"):
            await serve(world.services(), state_dir=tmp_path, shutdown=trio.Event())
        assert (await api.ask("GET", "/api/v1/status", token=None, control=True)).status == 200
    (tmp_path / "tipd.sock").write_text("mine")
    with pytest.raises(Unavailable, match="no socket"):
        await serve(world.services(), state_dir=tmp_path, shutdown=trio.Event())
    assert (tmp_path / "tipd.sock").read_text() == "mine"


async def test_sockets_from_systemd_take_the_place_of_listen(world: World, tmp_path: Path) -> None:
    given = socket.create_server(("127.0.0.1", 0))
    async with served(world.services(listen="192.0.2.1:1"), tmp_path, sockets=[given]) as api:
        assert api.port == given.getsockname()[1]
        assert (await api.ask("GET", "/healthz")).status == 200


async def test_a_peer_of_another_user_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Accepted:
        def getsockopt(self, *_: int) -> bytes:
            return listeners._CREDENTIALS.pack(42, self.uid, 7)

        uid = 0

    one = Accepted()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for uid, known in ((0, True), (1000, True), (1001, False), (65534, False)):
        one.uid = uid
        assert (listeners.peer_of(one) is not None) is known


async def test_a_peer_that_is_nobody_needs_a_token(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipd.api.server.peer_of", lambda _socket: None)
    async with served(world.services(), tmp_path) as api:
        assert (await api.ask("GET", "/api/v1/status", token=None, control=True)).status == 401
        assert (await api.ask("GET", "/api/v1/status", token="tip_read", control=True)).status == 200


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[dict[str, str], ssl.SSLContext]:
    """Give the settings of a server with TLS, and what a client needs."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return {"tls_cert_file": str(tmp_path / "cert.pem"), "tls_key_file": str(tmp_path / "key.pem")}, context


async def tls_stream(port: int, context: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
    return trio.SSLStream(await connect(port), context, server_hostname="127.0.0.1", https_compatible=True)


async def test_tls_serves_requests_and_the_stream(world: World, tmp_path: Path, certificate) -> None:
    settings, context = certificate
    world.findings.tell(*[finding(seq) for seq in range(1, 101)])
    async with served(world.services(**settings), tmp_path) as api:
        stream = await tls_stream(api.port, context)
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await read_all(stream)).startswith(b"HTTP/1.1 200 ")
        stream = await tls_stream(api.port, context)
        await stream.send_all(upgrade("?since=99"))
        head, rest = await read_head(stream)
        assert b" 101 " in head
        while b'"last":100' not in rest:
            rest += bytes(await stream.receive_some(1000))
        api.shutdown.set()
        rest = await read_all(stream)
        assert (1012).to_bytes(2) in rest


async def test_http2_over_tls_is_hypercorns(world: World, tmp_path: Path, certificate) -> None:
    settings, context = certificate
    context.set_alpn_protocols(["h2"])
    async with served(world.services(**settings), tmp_path) as api:
        stream = await tls_stream(api.port, context)
        await stream.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
        settings_frame = bytes(await stream.receive_some(1000))
        assert settings_frame[3] == 4  # a SETTINGS frame
        assert stream.selected_alpn_protocol() == "h2"


async def test_a_client_that_never_finishes_its_handshake_is_dropped(world: World, tmp_path: Path, certificate) -> None:
    settings, _ = certificate
    async with served(world.services(head_timeout="200ms", **settings), tmp_path) as api:
        silent = await connect(api.port)
        with trio.fail_after(60):
            assert await read_all(silent) == b""


async def test_bad_tls_files_are_configuration_errors(world: World, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    bad = str(tmp_path / "bad.pem")
    with pytest.raises(ConfigError, match=r"bad\.pem"):
        await serve(world.services(tls_cert_file=bad, tls_key_file=bad), state_dir=tmp_path, shutdown=trio.Event())
    with pytest.raises(ConfigError, match="cannot be read"):
        await serve(
            world.services(tls_cert_file="/nowhere.pem", tls_key_file=bad), state_dir=tmp_path, shutdown=trio.Event()
        )


async def test_forwarded_addresses_count_only_from_trusted_proxies(world: World, tmp_path: Path) -> None:
    async with served(world.services(trusted_proxies=["127.0.0.0/8"]), tmp_path) as api:
        code = api.app.core.services.sessions.new_console_code()
        answer = await api.ask("GET", f"/login?code={code}", token=None, headers={"X-Forwarded-Proto": "https"})
        assert any(b"Secure" in value for name, value in answer.headers if name.lower() == b"set-cookie")
    async with served(world.services(), tmp_path) as api:
        code = api.app.core.services.sessions.new_console_code()
        answer = await api.ask("GET", f"/login?code={code}", token=None, headers={"X-Forwarded-Proto": "https"})
        assert answer.status == 200
        assert not any(b"Secure" in value for _, value in answer.headers)
