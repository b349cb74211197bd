"""The stream over real sockets, on both ways in."""

from __future__ import annotations

import msgspec
import pytest
import trio
import trio.lowlevel
from support.api import Served, World, finding, served
from support.sockets import Client, connect, read_all, read_head, slow_websocket, upgrade, websocket
from wsproto.events import CloseConnection, Ping, Pong, TextMessage

WAYS = pytest.mark.parametrize("open_stream", [websocket, slow_websocket], ids=["push", "quart"])


async def live(api: Served, readers: int) -> None:
    """Wait until this many readers are live."""
    with trio.fail_after(5):
        while api.app.core.hub.live < readers:
            await trio.sleep(0.01)


@WAYS
async def test_without_since_only_what_is_new_is_told(world: World, api: Served, open_stream) -> None:
    world.findings.tell(finding(1), finding(2))
    client = await open_stream(api)
    assert client.status == 101
    await live(api, 1)
    world.findings.tell(finding(3))
    message = await client.message()
    assert (message["type"], message["last"]) == ("findings", 3)
    (one,) = message["findings"]
    assert one["seq"] == 3
    assert one["subject"] == {"kind": "ipv4", "value": "198.51.100.7"}
    assert one["at"] == "2026-11-22T04:00:03Z"


@WAYS
async def test_since_resumes_without_hole_or_repetition_while_findings_go_on(
    world: World, api: Served, open_stream
) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 1801)])

    async def go_on() -> None:
        for seq in range(1801, 2001):
            world.findings.tell(finding(seq))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        clients = [await open_stream(api, f"?since={since}") for since in (0, 7, 1800)]
        nursery.start_soon(go_on)
        for client, since in zip(clients, (0, 7, 1800), strict=True):
            with trio.fail_after(20):
                assert await client.findings(2000 - since) == list(range(since + 1, 2001))


@WAYS
async def test_kinds_filter_and_the_cursor_still_moves(world: World, api: Served, open_stream) -> None:
    world.findings.tell(finding(1), finding(2, "source.degraded"), finding(3), finding(4, "module.failed"), finding(5))
    client = await open_stream(api, "?since=0&kind=source.degraded,module.failed&kind=flux.node")
    message = await client.message()
    assert [one["seq"] for one in message["findings"]] == [2, 4]
    assert message["last"] == 5
    await live(api, 1)
    world.findings.tell(finding(6), finding(7, "flux.node"))
    message = await client.message()
    assert [one["seq"] for one in message["findings"]] == [7]


@WAYS
async def test_what_retention_removed_is_a_gap(world: World, api: Served, open_stream) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 11)])
    world.findings.prune(6)
    client = await open_stream(api, "?since=2")
    assert await client.message() == {"type": "gap", "since": 6}
    assert await client.findings(4) == [7, 8, 9, 10]


@WAYS
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?since=11", 410),
        ("?since=3&store_id=another", 410),
        ("?since=x", 400),
        ("?since=-1", 400),
        ("?since=99999999999999999999", 400),
        ("?since=1&since=2", 400),
        ("?sinse=1", 400),
        ("?kind=Nonsense!", 400),
        ("?token=tip_all", 400),
        ("?" + "&".join(["kind=a"] * 200), 400),
    ],
)
async def test_a_wrong_question_is_a_problem_before_the_upgrade(
    world: World, api: Served, open_stream, query: str, status: int
) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 11)])
    client = await open_stream(api, query)
    assert client.status == status
    assert b"application/problem+json" in client.head
    if status == 410:
        body = await problem(client)
        assert (body["first"], body["last"], body["store_id"]) == (1, 10, "one")


async def problem(client: Client) -> dict[str, object]:
    text = client.rest + await read_all(client.stream)
    return msgspec.json.decode(text[text.index(b"{") : text.rindex(b"}") + 1])  # chunked on the slow way


@WAYS
async def test_the_right_store_id_resumes(world: World, api: Served, open_stream) -> None:
    world.findings.tell(finding(1), finding(2))
    assert await (await open_stream(api, "?since=1&store_id=one")).findings(1) == [2]


@WAYS
@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        (None, {}, 401),
        ("tip_unknown", {}, 401),
        ("tip_read", {}, 403),
        ("tip_stream", {}, 101),
        ("tip_all", {"Origin": "https://evil.example.org"}, 403),
        ("tip_all", {"Origin": "http://127.0.0.1"}, 101),
        (None, {"Cookie": "tipd_session=guessed"}, 401),
    ],
)
async def test_who_may_open_it(api: Served, open_stream, token, headers, status) -> None:
    assert (await open_stream(api, token=token, **headers)).status == status


@WAYS
@pytest.mark.parametrize(
    ("origin", "status"), [("", 403), ("null", 403), ("http://127.0.0.1", 101), ("https://127.0.0.1", 403)]
)
async def test_a_cookie_needs_an_origin_of_ours(api: Served, open_stream, origin: str, status: int) -> None:
    sessions = api.app.core.services.sessions
    key = sessions.redeem(sessions.new_console_code())
    client = await open_stream(api, token=None, Cookie=f"a=b; tipd_session={key}", Origin=origin)
    assert client.status == status


async def test_other_versions_and_bad_keys_are_refused(api: Served) -> None:
    old = await websocket(api, Sec_WebSocket_Version="8")
    assert old.status == 426
    assert b"Sec-WebSocket-Version: 13" in old.head
    assert (await websocket(api, Sec_WebSocket_Key="short")).status == 400


async def test_the_stream_without_an_upgrade_says_so(api: Served) -> None:
    assert (await api.ask("GET", "/api/v1/stream")).status == 426


@WAYS
async def test_compression_is_never_agreed(api: Served, open_stream) -> None:
    client = await open_stream(api, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    assert client.status == 101
    assert b"sec-websocket-extensions" not in client.head.lower()


@WAYS
async def test_restart_closes_with_1012(api: Served, open_stream) -> None:
    client = await open_stream(api)
    await live(api, 1)
    api.shutdown.set()
    assert await client.close_code() == 1012


@WAYS
async def test_a_revoked_token_closes_its_streams(api: Served, open_stream) -> None:
    made = msgspec.json.decode((await api.ask("POST", "/api/v1/tokens", body={"scopes": ["stream"]})).content)
    client = await open_stream(api, token=made["token"])
    await live(api, 1)
    assert (await api.ask("DELETE", f"/api/v1/tokens/{made['id']}")).status == 204
    assert await client.close_code() == 1008
    assert (await open_stream(api, token=made["token"])).status == 401


async def test_pings_are_answered_and_a_goodbye_is_returned(api: Served) -> None:
    client = await websocket(api)
    await client.send(Ping(b"hello"))
    answer = await client.message()
    assert isinstance(answer, Pong)
    assert answer.payload == b"hello"
    await client.send(CloseConnection(1000))
    assert await client.close_code() == 1000
    with trio.fail_after(5):
        while api.app.core.hub.readers:
            await trio.sleep(0.01)


@WAYS
async def test_a_reader_that_talks_too_much_is_closed(api: Served, open_stream) -> None:
    client = await open_stream(api)
    await client.send(TextMessage("x" * 5000))
    assert await client.close_code() == 1009


async def test_what_is_not_websocket_is_closed(api: Served) -> None:
    client = await websocket(api)
    await client.stream.send_all(b"\xff" * 50)
    assert await client.close_code() == 1002


async def test_frames_in_the_same_packet_as_the_upgrade_are_not_lost(api: Served) -> None:
    stream = await connect(api.port)
    masked_ping = b"\x89\x82" + bytes(4) + b"hi"
    await stream.send_all(upgrade() + masked_ping)
    client = Client(stream, *await read_head(stream))
    answer = await client.message()
    assert isinstance(answer, Pong)
    assert answer.payload == b"hi"


async def test_a_head_that_drips_in_is_served_all_the_same(api: Served) -> None:
    stream = await connect(api.port)
    for byte in upgrade():
        await stream.send_all(bytes([byte]))
    head, _ = await read_head(stream)
    assert b" 101 " in head


async def test_readers_are_pinged_and_a_dead_one_is_cut(world: World, tmp_path) -> None:
    async with served(world.services(ping_every="200ms"), tmp_path) as api:
        lively, dead = await websocket(api), await websocket(api)
        dead.answers_pings = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lively.close_code)
            assert await dead.close_code() == 1013
            assert dead.pings == 1
            while lively.pings < 3:
                await trio.sleep(0.05)
            assert lively.closed is None
            nursery.cancel_scope.cancel()


async def test_a_reader_that_stops_reading_is_cut_and_the_others_are_not(world: World, tmp_path) -> None:
    async with served(world.services(reader_backlog="64KB"), tmp_path) as api:
        stalled = [await websocket(api, receive_buffer=4096) for _ in range(5)]
        reader = await websocket(api)
        await live(api, 6)
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def tell() -> None:
                for seq in range(1, 4001):
                    world.findings.tell(finding(seq))
                    await trio.lowlevel.checkpoint()

            with trio.fail_after(20):
                assert await reader.findings(4000) == list(range(1, 4001))
        assert api.app.core.hub.counts["cut"] == 5
        for client in stalled:  # who reads again learns why, and from where to resume
            seqs: list[int] = []
            with pytest.raises(EOFError):
                while True:
                    seqs += [one["seq"] for one in (await client.message())["findings"]]
            assert client.closed is not None
            assert client.closed[0] == 1013
            assert seqs == list(range(1, len(seqs) + 1))
        resumed = await websocket(api, f"?since={len(seqs)}")
        assert await resumed.findings(4000 - len(seqs)) == list(range(len(seqs) + 1, 4001))


async def test_a_reader_whose_bytes_do_not_move_is_cut(world: World, tmp_path) -> None:
    async with served(world.services(reader_stall="300ms"), tmp_path) as api:
        stalled = await websocket(api, receive_buffer=4096)
        await live(api, 1)
        world.findings.tell(*[finding(seq) for seq in range(1, 2001)])
        with trio.fail_after(5):
            while not api.app.core.hub.counts["cut"]:
                await trio.sleep(0.05)
            while not api.app.core.connections["ended"]:  # also who comes back when we have long turned away
                await trio.sleep(0.05)
        with trio.fail_after(5):
            assert await stalled_code(stalled) == 1013


async def stalled_code(client: Client) -> int:
    with pytest.raises(EOFError):
        while True:
            await client.message()
    assert client.closed is not None
    return client.closed[0]


async def test_there_is_a_cap_on_readers(world: World, tmp_path) -> None:
    async with served(world.services(max_readers=2), tmp_path) as api:
        clients = [await websocket(api) for _ in range(3)]
        assert [client.status for client in clients] == [101, 101, 503]
        await clients[0].stream.aclose()
        with trio.fail_after(5):
            while (await websocket(api)).status != 101:
                await trio.sleep(0.05)


async def test_the_store_away_is_503_for_newcomers_and_patience_for_readers(world: World, api: Served) -> None:
    client = await websocket(api)
    await live(api, 1)
    world.findings.away = True
    assert (await websocket(api, "?since=0")).status == 503
    world.findings.tell(finding(1))
    world.findings.away = False
    with trio.fail_after(10):
        assert await client.findings(1) == [1]


async def test_another_store_ends_the_streams(world: World, api: Served) -> None:
    world.findings.tell(finding(1))
    client = await websocket(api)
    await live(api, 1)
    world.store.store_id = "two"
    world.findings.tell(finding(2))
    assert await client.close_code() == 1012
