"""`tipd-agent push`: bring versions to whoever cannot reach this host, over HTTPS, or into a folder (a stick)."""

from __future__ import annotations

import ssl
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import h11
import msgspec
import trio

from tipd.agent.chain import Chain, ChainError
from tipd.agent.inbox import LENGTH_BYTES
from tipd.agent.listening import is_loopback
from tipd.errors import TipdError, TryAgain, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from pathlib import Path

_PIECE = 256 * 1024
_RECEIVE = 64 * 1024
_LONGEST_ANSWER = 64 * 1024
_WITHIN = 60.0  # seconds for one piece, one answer
_HTTPS, _HTTP = 443, 80


class Target(Protocol):
    """Where versions go."""

    async def last(self) -> int:
        """Return the highest number that is there; raises TipdError."""
        ...

    async def put(self, n: int, manifest: bytes, body: Path | None) -> None:
        """Bring one version, without lines where only the tombstone is left; raises TipdError."""
        ...

    async def aclose(self) -> None:
        """End."""
        ...


async def push(chain: Chain, target: Target, told: Callable[[int], None] = lambda _n: None) -> int:
    """Bring what the target lacks, in order; return how many. `told(n)` after each. Raises TipdError.

    What the target has must be a part of this chain: it knows by the manifests, and refuses what does not follow.
    """
    there = await target.last()
    if there > chain.last:
        raise TipdError(f"version {there} is there already, and {chain.last} is the last here: another agent's chain?")
    for n in range(there + 1, chain.last + 1):
        manifest = await trio.to_thread.run_sync(chain.manifest, n)
        try:
            body: Path | None = chain.body(n)
        except FileNotFoundError:
            body = None
        await target.put(n, manifest, body)
        told(n)
    return chain.last - there


class FolderTarget:
    """A folder on this machine."""

    def __init__(self, folder: Path, agent: str, view: str) -> None:
        """The chain lies in `folder/agent/view`, as an inbox has it."""
        self._chain = Chain(folder / agent / view)

    async def last(self) -> int:
        """Return the highest number that is there."""
        await trio.to_thread.run_sync(self._chain.refresh)
        return self._chain.last

    async def put(self, n: int, manifest: bytes, body: Path | None) -> None:
        """Copy one version there; raises TipdError."""
        try:
            await trio.to_thread.run_sync(self._copy, n, manifest, body)
        except (OSError, ChainError) as error:
            raise TipdError(f"{self._chain.folder}: version {n}: {error}") from None

    def _copy(self, n: int, manifest: bytes, body: Path | None) -> None:
        copied: Path | None = None
        if body is not None:
            self._chain.folder.mkdir(parents=True, exist_ok=True)
            copied = self._chain.folder / ".pushed.tmp"
            with body.open("rb") as source, copied.open("wb") as out:
                while piece := source.read(_PIECE):
                    out.write(piece)
        self._chain.append(manifest, n, copied)

    async def aclose(self) -> None:
        """Nothing is open."""


class _Answer(NamedTuple):
    status: int
    document: dict[str, Any]

    @property
    def detail(self) -> str:
        return str(self.document.get("detail", f"answer {self.status}"))


class HttpTarget:
    """A daemon's listener, over one kept-alive connection that is opened when it is needed."""

    def __init__(self, url: str, token: str, agent: str, view: str, ca_file: Path | None = None) -> None:
        """Raises UsageError for an address that is not HTTPS (plain HTTP goes to loopback alone)."""
        parts = urlsplit(url)
        plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise UsageError(f"{url}: write https://HOST[:PORT]; plain http is for this machine alone")
        self._host = parts.hostname
        self._port = parts.port or (_HTTP if plain else _HTTPS)
        self._netloc = parts.netloc.rpartition("@")[2]
        self._path = f"{parts.path.rstrip('/')}/push/{agent}/{view}"
        self._headers = [("host", self._netloc), ("authorization", f"Bearer {token}"), ("user-agent", "tipd-agent")]
        self._tls = None if plain else _context(ca_file)
        self._stream: Any = None
        self._http = h11.Connection(h11.CLIENT)

    async def last(self) -> int:
        """Ask what is there; raises TipdError."""
        answer = await self._ask("GET", self._path, 0, None)
        if answer.status != 200:
            raise TipdError(f"{self._netloc}: {answer.detail}")
        return int(answer.document.get("last", 0))

    async def put(self, n: int, manifest: bytes, body: Path | None) -> None:
        """Bring one version; raises TryAgain where another one is wanted, TipdError where it is refused."""
        head = len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest
        size = (await trio.Path(body).stat()).st_size if body is not None else 0
        async with aclosing(_pieces(head, body)) as pieces:
            answer = await self._ask("PUT", f"{self._path}/{n}", len(head) + size, pieces)
        if answer.status == 409:
            raise TryAgain(f"{self._netloc}: version {n}: {answer.detail}")
        if answer.status != 201:
            raise TipdError(f"{self._netloc}: version {n}: {answer.detail}")

    async def aclose(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            await trio.aclose_forcefully(self._stream)
            self._stream = None

    async def _ask(self, method: str, path: str, length: int, body: AsyncIterator[bytes] | None) -> _Answer:
        try:
            if self._stream is None:
                await self._connect()
            return await self._exchange(method, path, length, body)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
            await self.aclose()
            raise Unavailable(f"{self._netloc}: {error or 'it does not answer'}") from None
        except (h11.RemoteProtocolError, msgspec.MsgspecError) as error:
            await self.aclose()
            raise Unavailable(f"{self._netloc}: this is no listener of tipd: {error}") from None

    async def _connect(self) -> None:
        with trio.fail_after(_WITHIN):
            stream: Any = await trio.open_tcp_stream(self._host, self._port)
            if self._tls is not None:
                stream = trio.SSLStream(stream, self._tls, server_hostname=self._host, https_compatible=True)
                try:
                    await stream.do_handshake()
                except BaseException:
                    await trio.aclose_forcefully(stream)
                    raise
        self._stream, self._http = stream, h11.Connection(h11.CLIENT, max_incomplete_event_size=_RECEIVE)

    async def _exchange(self, method: str, path: str, length: int, body: AsyncIterator[bytes] | None) -> _Answer:
        headers = [*self._headers, *([("content-length", str(length))] if body is not None else [])]
        await self._send(h11.Request(method=method, target=path, headers=headers))
        try:
            if body is not None:
                async for piece in body:
                    await self._send(h11.Data(data=piece))
        except trio.BrokenResourceError:
            pass  # refused before it was all sent: the answer says why
        else:
            await self._send(h11.EndOfMessage())
        with trio.fail_after(_WITHIN):
            return await self._answer()

    async def _answer(self) -> _Answer:
        status, received = 0, bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(bytes(await self._stream.receive_some(_RECEIVE)))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                received += event.data
                if len(received) > _LONGEST_ANSWER:
                    raise trio.BrokenResourceError("its answer is too long")
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            await self.aclose()
        return _Answer(status, msgspec.json.decode(bytes(received), type=dict) if received else {})

    async def _send(self, event: Any) -> None:
        if (out := self._http.send(event)) and self._stream is not None:
            with trio.fail_after(_WITHIN):
                await self._stream.send_all(out)


async def _pieces(head: bytes, body: Path | None) -> AsyncGenerator[bytes]:
    yield head
    if body is not None:
        async with await trio.open_file(body, "rb") as file:
            while piece := await file.read(_PIECE):
                yield piece


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise UsageError(f"{ca_file}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
