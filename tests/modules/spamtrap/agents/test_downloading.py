"""Downloads that are resumed: what came stays, what is another file's is thrown away."""

from __future__ import annotations

import hashlib
import os
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import pulling, sealed
from support.http_server import in_turn, page, raw, serving, status

from tipd.agent import protocol
from tipd.agent.protocol import Manifest
from tipd.modules.spamtrap.agents.downloading import Begun, download
from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.net.kept import Endpoint, Kept
from tipd.net.request import FetchError

BODY = os.urandom(3 * 2**20 + 17)


def manifest_of(body: bytes) -> Manifest:
    return protocol.read(sealed.manifest(1, None, body), sealed.KEY)


@asynccontextmanager
async def downloading(*scripts):
    async with serving() as server:
        server.on("/v", in_turn(*scripts))
        kept = Kept(pulling.fetcher().tools, Endpoint(url=server.url("")))
        try:
            yield kept, server
        finally:
            await kept.aclose()


def head(code: int, **fields: object) -> bytes:
    lines = [f"HTTP/1.1 {code} x", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def rest(start: int, claimed: int | None = None):
    """Answer the bytes from `start` on; say that they begin at `claimed`."""
    at = start if claimed is None else claimed
    said = f"bytes {at}-{len(BODY) - 1}/{len(BODY)}"
    return raw(head(206, Content_Length=len(BODY) - start, Content_Range=said), BODY[start:])


async def test_whole(tmp_path: Path) -> None:
    begun = Begun(tmp_path / "part", manifest_of(BODY))
    async with downloading(page(BODY)) as (kept, server):
        assert await download(kept, "/v", manifest_of(BODY), begun) == 200
    begun.check()
    begun.close()
    assert (tmp_path / "part").read_bytes() == BODY
    assert "range" not in server.seen[0].headers


async def test_broken_off_and_resumed(tmp_path: Path) -> None:
    manifest, part = manifest_of(BODY), tmp_path / "part"
    cut = raw(head(200, Content_Length=len(BODY)), BODY[: 2**20 + 5])
    async with downloading(cut, rest(2**20 + 5)) as (kept, server):
        begun = Begun(part, manifest)
        with pytest.raises(FetchError, match="truncated"):
            await download(kept, "/v", manifest, begun)
        begun.close()
        begun = Begun(part, manifest)  # also after a restart
        assert begun.size == 2**20 + 5
        assert await download(kept, "/v", manifest, begun) == 206
        begun.check()
        begun.close()
    assert server.seen[1].headers["range"] == f"bytes={2**20 + 5}-"
    assert server.seen[1].headers["if-range"] == f'"{hashlib.sha256(BODY).hexdigest()}"'
    assert part.read_bytes() == BODY


async def test_a_server_without_ranges_begins_anew(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(BODY[:1000])
    begun = Begun(part, manifest_of(BODY))
    async with downloading(page(BODY)) as (kept, _):
        assert await download(kept, "/v", manifest_of(BODY), begun) == 200
    begun.check()
    begun.close()
    assert part.read_bytes() == BODY


async def test_another_part_than_asked_for(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(BODY[:1000])
    begun = Begun(part, manifest_of(BODY))
    async with downloading(rest(500, 500)) as (kept, _):
        with pytest.raises(FetchError, match="another part"):
            await download(kept, "/v", manifest_of(BODY), begun)
    begun.close()
    assert part.read_bytes() == BODY[:1000]


@pytest.mark.parametrize("code", [404, 410, 416, 500])
async def test_other_answers(tmp_path: Path, code: int) -> None:
    begun = Begun(tmp_path / "part", manifest_of(BODY))
    async with downloading(status(code)) as (kept, _):
        assert await download(kept, "/v", manifest_of(BODY), begun) == code
    begun.close()


def test_what_is_not_what_was_sealed_is_thrown_away(tmp_path: Path) -> None:
    begun = Begun(tmp_path / "part", manifest_of(b"sealed"))
    begun.write([b"se", b"alez"])
    with pytest.raises(Refusal) as raised:
        begun.check()
    assert raised.value.reason == "hash"
    begun.write([b"sealed"])
    begun.check()
    begun.close()


def test_more_than_was_sealed_lies_there(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"something longer")
    begun = Begun(tmp_path / "part", manifest_of(b"sealed"))
    assert begun.size == 0
    begun.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Begun(tmp_path / "part", manifest_of(b"sealed"))


@given(st.lists(st.binary(max_size=50), max_size=10), st.integers(0, 10))
def test_pieces_in_any_number_of_steps(pieces: list[bytes], stop: int) -> None:
    import tempfile

    manifest = manifest_of(b"".join(pieces))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part"
        begun = Begun(path, manifest)
        begun.write(pieces[:stop])
        begun.close()
        begun = Begun(path, manifest)
        begun.write(pieces[stop:])
        begun.check()
        begun.close()
