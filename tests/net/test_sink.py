"""Taking a body in: bombs, damage, caps, our own disk, and the loop that goes on."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import http_server as http
from support.encodings import ENCODERS
from support.fetching import BODY, refused
from support.http_server import serving

from tipd.net.decode import Identity
from tipd.net.fetch import Fetcher
from tipd.net.request import Limits, Request
from tipd.net.sink import Sink


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_truncated_inside_the_encoding(fetcher: Fetcher, into: Path, name: str) -> None:
    encoding, encode = ENCODERS[name]
    async with serving() as server:
        server.on("/", http.page(encode(BODY * 50)[:-6], content_encoding=encoding))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "wrong_page" and "ends too early" in str(error)


async def test_a_body_larger_than_the_caps(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(bytes(300_000)))
        on_the_wire = await refused(fetcher, Request(url=server.url(), limits=Limits(max_wire=100_000)), into)
        on_the_disk = await refused(fetcher, Request(url=server.url(), limits=Limits(max_body=100_000)), into)
        own = await refused(fetcher, Request(url=server.url(), max_body=100_000), into)
    assert (on_the_wire.state, on_the_disk.state, own.state) == ("wrong_page", "wrong_page", "wrong_page")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_bombs(fetcher: Fetcher, into: Path, name: str) -> None:
    encoding, encode = ENCODERS[name]
    async with serving() as server:
        server.on("/", http.page(encode(bytes(64 * 2**20)), content_encoding=encoding))
        error = await refused(fetcher, Request(url=server.url()), into)
    assert error.state == "wrong_page" and "200 times" in str(error)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not gzip", "gzip"), (b"\xffnot br", "br"), (b"not zstd", "zstd"), (BODY, "compress"), (BODY, "gzip, gzip")],
)
async def test_an_encoding_that_is_a_lie(fetcher: Fetcher, into: Path, body: bytes, encoding: str) -> None:
    async with serving() as server:
        server.on("/", http.page(body, content_encoding=encoding))
        assert (await refused(fetcher, Request(url=server.url()), into)).state == "wrong_page"


async def test_our_disk_is_not_the_sources_fault(fetcher: Fetcher, tmp_path: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(BODY))
        with pytest.raises(FileNotFoundError, match=r"missing/body"):
            await fetcher.fetch(Request(url=server.url()), tmp_path / "missing" / "body")
        (tmp_path / "link").symlink_to(tmp_path / "target")
        with pytest.raises(OSError, match=r"link"):
            await fetcher.fetch(Request(url=server.url()), tmp_path / "link")
    assert not (tmp_path / "target").exists()


async def test_nothing_is_unpacked_on_the_loops_own_thread(into: Path) -> None:
    threads: set[int] = set()

    class Spy(Identity):
        def feed(self, data: bytes) -> Iterator[bytes]:
            threads.add(threading.get_ident())
            return super().feed(data)

    sink = Sink(into, Spy(), Limits())
    for _ in range(10):
        await sink.take(bytes(100_000))
    assert await sink.finish() == hashlib.sha256(bytes(1_000_000)).digest()
    await sink.close(keep=True)
    assert into.stat().st_size == 1_000_000
    assert threads and threading.get_ident() not in threads


async def test_a_full_disk_names_the_file(into: Path) -> None:
    sink = Sink(Path("/dev/full"), Identity(), Limits())
    await sink.take(b"192.0.2.1\n")
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'"):
        await sink.finish()
    sink._into = into  # what is removed must not be the machine's own device
    await sink.close(keep=False)
