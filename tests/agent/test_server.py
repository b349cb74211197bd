"""The listener: who gets in, what they get, and how hostile clients end."""

import os
from pathlib import Path

import h11
import pytest
import structlog
import trio
from support import agent_host
from support.agent_host import LIMITS, answer, serving

from tipd.agent import certificate
from tipd.agent.server import Limits
from tipd.clock import SystemClock


@pytest.mark.parametrize("tls", [False, True])
async def test_a_peer_reads_the_list_and_the_bytes(tmp_path: Path, tls: bool) -> None:
    async with serving(tmp_path, 3, tls=tls) as host:
        listed = (await host.ask("/v1/versions?since=1")).json
        assert (listed["agent"], listed["view"], listed["first"], listed["last"]) == ("mx1", "redacted", 1, 3)
        assert [each["n"] for each in listed["versions"]] == [2, 3]
        assert listed["gone"] == []
        got = await host.ask("/v1/versions/2")
        assert got.status == 200
        assert got.body == host.chain.body(2).read_bytes()
        assert got.headers["etag"] == f'"{listed["versions"][0]["sha256"]}"'


async def test_the_manifests_are_told_as_they_were_signed(tmp_path: Path) -> None:
    async with serving(tmp_path, 2) as host:
        body = (await host.ask("/v1/versions")).body
        assert host.chain.manifest(1) in body
        assert host.chain.manifest(2) in body


@pytest.mark.parametrize("token", ["", "tia_wrong", "ü"])
async def test_who_is_unknown_gets_401_and_nothing_more(tmp_path: Path, token: str) -> None:
    async with serving(tmp_path) as host:
        stream = await host.connect()
        await stream.send_all(host.request("/v1/versions", token=token) * 2)
        got = await answer(stream)
        assert got.status == 401
        assert got.headers["www-authenticate"] == "Bearer"
        assert "mx1" not in got.body.decode()
        assert await stream.receive_some(1) == b""


async def test_requests_in_a_row_are_answered_in_their_order(tmp_path: Path) -> None:
    async with serving(tmp_path, 3) as host:
        stream = await host.connect()
        await stream.send_all(b"".join(host.request(f"/v1/versions/{n}", method="HEAD") for n in (3, 1, 2, 9)))
        received = b""
        while received.count(b"\r\n\r\n") < 4:
            received += await stream.receive_some(65536)
        statuses = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1")]
        assert [line.split(b" ")[1] for line in statuses] == [b"200", b"200", b"200", b"404"]


async def test_a_client_that_never_says_who_it_is_is_let_go(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(head=0.2)) as host:
        stream = await host.connect()
        await stream.send_all(b"GET /v1/versions HT")
        got = await answer(stream)
        assert got.status == 408


async def test_a_client_that_never_shakes_hands_is_let_go(tmp_path: Path) -> None:
    async with serving(tmp_path, tls=True, limits=Limits(head=0.2)) as host:
        stream = await host.connect_plain()
        assert await stream.receive_some(1) == b""


async def test_silent_clients_make_room_for_those_that_speak(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(silent=4, connections=6)) as host:
        silent = [await host.connect() for _ in range(20)]
        assert (await host.ask("/v1/versions")).status == 200
        assert host.server.counts.dropped >= 15
        for stream in silent:
            await stream.aclose()


async def test_a_huge_head_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as host:
        stream = await host.connect()
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + b"a" * 40_000)
        assert (await answer(stream)).status == 431


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00", b"\0" * 100 + b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_noise_is_refused(tmp_path: Path, noise: bytes) -> None:
    async with serving(tmp_path, limits=Limits(head=0.3)) as host:
        stream = await host.connect()
        await stream.send_all(noise)
        assert (await answer(stream)).status in {400, 408}


async def test_bodies_are_not_taken(tmp_path: Path) -> None:
    async with serving(tmp_path) as host:
        got = await host.ask("/v1/versions", method="POST", Content_Length="5", body=b"hello")
        assert got.status == 413
        assert (await host.ask("/v1/versions", method="DELETE")).status == 405


async def test_a_peer_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(per_peer=2)) as host:
        held = [await host.connect() for _ in range(2)]
        for stream in held:
            assert (await host.ask("/v1/versions", stream=stream)).status == 200
        assert (await host.ask("/v1/versions")).status == 429
        other = host.enroll("other", "redacted")
        assert (await host.ask("/v1/versions", token=other)).status == 200


async def test_a_revoked_token_is_out_in_seconds_in_the_middle_of_a_download(tmp_path: Path) -> None:
    async with serving(tmp_path, 1, raw=os.urandom(32 * 2**20), limits=LIMITS) as host:
        stream = await host.connect()
        await stream.send_all(host.request("/v1/versions/1"))
        await stream.receive_some(1000)
        host.revoke("lab")
        with trio.fail_after(5):
            await host.server.looked()
        assert (await host.ask("/v1/versions")).status == 401
        received = 0
        with pytest.raises((trio.BrokenResourceError, EOFError)):
            while True:
                got = len(await stream.receive_some(2**20))
                received += got
                if not got:
                    raise EOFError
        assert received < 32 * 2**20


async def test_a_file_of_peers_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    async with serving(tmp_path) as host:
        host.peers_path.write_text("{")
        assert (await host.ask("/v1/versions")).status == 401


async def test_a_client_certificate_stands_for_a_token(tmp_path: Path) -> None:
    async with serving(tmp_path, tls=True) as host:
        mine, foreign = (certificate.self_signed([name], SystemClock().now(), client=True) for name in ("a", "b"))
        read = certificate.read_client(mine.certificate)
        assert host.enroll("lab2", "redacted", certificate=read.pem, certificate_sha256=read.sha256) == ""
        await host.server.looked()
        assert await enters(host, mine)
        assert not await enters(host, foreign)
        host.revoke("lab2")
        await host.server.looked()
        assert not await enters(host, mine)


async def enters(host: agent_host.Host, shown: certificate.Made) -> bool:
    """Whether a certificate is enough to be served."""
    try:
        return (await host.ask("/v1/versions", stream=await host.connect(shown), token="")).status == 200
    except (trio.BrokenResourceError, h11.RemoteProtocolError):
        return False  # TLS 1.3 tells of a certificate it does not take after the handshake


async def test_what_goes_wrong_on_one_connection_harms_no_other(tmp_path: Path) -> None:
    class Broken(agent_host.Chain):
        def manifest(self, n: int) -> bytes:
            raise RuntimeError("broken")

    async with serving(tmp_path, 1) as host:
        host.chains["urls"] = Broken(tmp_path / "chain")
        other = host.enroll("other", "urls")
        stream = await host.connect()
        await stream.send_all(host.request("/v1/versions", token=other))
        assert await stream.receive_some(1) in {b"", b"H"}
        assert (await host.ask("/v1/versions")).status == 200


async def test_metrics_are_for_callers_on_the_machine_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, metrics=lambda: b"tipd_agent_up 1\n") as host:
        assert (await host.ask("/metrics", token="")).body == b"tipd_agent_up 1\n"
        assert (await host.ask("/metrics", token="", X_Forwarded_For="192.0.2.1")).status == 401


async def test_many_unknown_clients_fill_no_log(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logged:
        async with serving(tmp_path, log=structlog.get_logger()) as host:
            for _ in range(5):
                assert (await host.ask("/v1/versions", token="tia_x")).status == 401
                await host.server.looked()
    refused = [line for line in logged if "refused" in line["event"]]
    assert len(refused) == 1
    assert refused[0]["count"] >= 1
