"""A million names a line each."""

from __future__ import annotations

from typing import Any

import httpcore
import msgspec
import trio
from support.api import Served, World, body_of

from tipd.api.routes import flux_import
from tipd.model.tlp import Tlp

PATH = "/api/v1/flux/import"
HEAD = b"POST /api/v1/flux/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tip_all\r\n"


async def imported(api: Served, lines: bytes, query: str = "", status: int = 200, **more: Any) -> Any:
    answer = await api.ask("POST", f"{PATH}{query}", body=lines, **more)
    assert answer.status == status, answer.content
    return body_of(answer)


async def test_each_line_is_taken_or_told(world: World, api: Served) -> None:
    lines = b"\n".join(
        [
            b"# from a list",
            b"flux.example.org",
            b"",
            b"192.0.2.1",
            b'{"domain": "hxxp://b[.]example.org/x", "tags": ["own"], "note": "mine"}',
            b"{broken",
            b"\xff\xfe\x1b[31m",
            b"full.example.org",
            b"x" * 9000,
            b"last.example.org",
        ]
    )
    done = await imported(api, lines, "?tag=lab&note=spam&tlp=amber")
    assert (done["lines"], done["new"], done["known"], done["refused"]) == (10, 3, 0, 5)
    assert [(one["line"], one["reason"].split(":")[0]) for one in done["faults"]] == [
        (4, "wrong_kind"),
        (6, "no JSON"),
        (7, "malformed"),
        (8, "there is no room"),
        (9, "a line is at most 8192 bytes"),
    ]
    assert done["faults"][0]["value"] == "192.0.2.1"
    assert world.flux.rows["b.example.org"].tags == ("lab", "own")
    assert world.flux.rows["last.example.org"].tlp is Tlp.AMBER


async def test_it_is_committed_in_batches_and_told_as_initial(world: World, api: Served) -> None:
    count = 2 * flux_import.AT_ONCE + 7
    lines = b"".join(b"host%d.example.org\r\n" % number for number in range(count))
    done = await imported(api, lines)
    assert (done["lines"], done["new"]) == (count, count)
    assert [(len(names), initial) for names, initial in world.flux.batches] == [(5000, True), (5000, True), (7, True)]
    again = await imported(api, lines)
    assert (again["new"], again["known"]) == (0, count)
    await imported(api, b"one.example.org\ntwo.example.org")
    assert world.flux.batches[-1][1] is False
    await imported(api, b"three.example.org", "?initial=true")
    assert world.flux.batches[-1][1] is True


async def test_rubbish_is_counted_and_few_of_it_told(world: World, api: Served) -> None:
    done = await imported(api, b"\x00\x01 rubbish\n" * 20_000, "?first_line=101")
    assert (done["refused"], done["new"]) == (20_000, 0)
    assert [done["faults"][0]["line"], done["faults"][-1]["line"]] == [101, 1100]
    assert world.flux.batches == []


async def test_the_store_goes_away_meanwhile(world: World, api: Served) -> None:
    world.flux.away_after = 1
    lines = b"".join(b"host%d.example.org\n" % number for number in range(6000))
    told = await imported(api, lines, status=503)
    assert (told["lines"], told["new"]) == (5000, 5000)


async def test_it_takes_more_than_another_body_may_have(world: World, api: Served) -> None:
    assert api.app.core.limits.max_body < 9_000_000 < api.app.core.limits.max_upload
    done = await imported(api, b"# nothing\n" * 900_000)
    assert (done["lines"], done["refused"]) == (900_000, 0)


async def test_who_may(world: World, api: Served) -> None:
    await imported(api, b"flux.example.org", token="tip_read", status=403)
    await imported(api, b"flux.example.org", token=None, status=401)
    await imported(api, b"flux.example.org", "?tag=a,b%20", status=400)
    assert world.flux.batches == []


async def test_a_body_that_comes_slowly_is_used_meanwhile(world: World, api: Served) -> None:
    came = trio.Event()

    class Slow:
        async def __aiter__(self):
            yield b"".join(b"host%d.example.org\n" % number for number in range(flux_import.AT_ONCE))
            with trio.fail_after(10):
                while not world.flux.batches:
                    await trio.sleep(0.01)
            came.set()
            yield b"last.exa"
            yield b"mple.org"

    headers = [(b"Authorization", b"Bearer tip_all"), (b"Transfer-Encoding", b"chunked")]
    async with httpcore.AsyncConnectionPool() as pool:
        answer = await pool.request("POST", api.url + PATH, headers=headers, content=Slow())
    assert came.is_set()
    assert msgspec.json.decode(answer.content)["new"] == flux_import.AT_ONCE + 1
    assert "last.example.org" in world.flux.rows


async def test_a_client_that_goes_away_leaves_what_was_taken(world: World, api: Served) -> None:
    lines = b"".join(b"host%d.example.org\n" % number for number in range(flux_import.AT_ONCE + 1000))
    stream = await trio.open_tcp_stream("127.0.0.1", api.port)
    await stream.send_all(HEAD + b"Content-Length: 9000000\r\n\r\n" + lines)
    with trio.fail_after(10):
        while not world.flux.batches:
            await trio.sleep(0.01)
    await stream.aclose()
    with trio.fail_after(10):
        assert (await api.ask("GET", "/healthz", token=None)).status == 200
    assert [len(names) for names, _ in world.flux.batches] == [flux_import.AT_ONCE]


async def test_a_sender_faster_than_the_store_is_held_back(world: World, api: Served) -> None:
    """What waits in memory stays bounded: the socket fills up instead."""
    gate = trio.Event()
    taking = world.flux.add

    async def slowly(names: Any, **more: Any) -> Any:
        await gate.wait()
        return await taking(names, **more)

    world.flux.add = slowly  # type: ignore[method-assign]
    piece = b"".join(b"a-rather-long-name-of-host-%d.example.org\n" % number for number in range(20_000))
    sent = 0
    stream = await trio.open_tcp_stream("127.0.0.1", api.port)
    await stream.send_all(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    with trio.move_on_after(1):
        while True:
            await stream.send_all(b"%x\r\n%s\r\n" % (len(piece), piece))
            sent += len(piece)
    assert sent < 40 * 2**20  # what the kernel's buffers, hypercorn's and ours hold
    gate.set()
    await stream.aclose()
