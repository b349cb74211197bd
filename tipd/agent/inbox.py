"""Where versions are brought by agents that nobody can reach: the other end of `tipd-agent push`.

`GET /push/{agent}/{view}` says `{"agent", "view", "last"}`; `PUT /push/{agent}/{view}/{n}` brings one version: four
bytes with the length of the manifest (big endian), the manifest, and the compressed lines (none: a tombstone). 201
where it stands durably, 409 where another number is wanted, 422 where it is not what the manifest says. What came lies
as a chain in `FOLDER/AGENT/VIEW`, to be read like any other chain that is a folder.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from tipd.agent import protocol
from tipd.agent.answering import PUSHES
from tipd.agent.chain import Chain, ChainError
from tipd.agent.peers import NAME
from tipd.agent.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tipd.agent.peers import Known
    from tipd.agent.wire import Request, Wire

LENGTH_BYTES = 4
LONGEST_VERSION = 2**30  # bytes
MOST_VIEWS = 16  # of one agent
_JSON = (("content-type", "application/json"),)
_PRIVATE = 0o600
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class Inbox:
    """A folder of chains that peers append to."""

    def __init__(
        self,
        folder: Path,
        on_received: Callable[[str, str, int], object] | None = None,
        *,
        longest: int = LONGEST_VERSION,
    ) -> None:
        """`on_received(agent, view, n)` is called in trio's thread after a version stands there durably."""
        self._folder = folder
        self._on_received = on_received
        self._longest = longest
        self._locks: dict[tuple[str, str], trio.Lock] = {}

    async def answer(self, wire: Wire, request: Request, known: Known) -> None:
        """Answer a request below `/push/`; raises Problem."""
        parts = request.path.removeprefix(PUSHES).split("/")
        if len(parts) not in {2, 3} or not all(NAME.fullmatch(part) for part in parts[:2]):
            raise Problem(404, "there is nothing at this path", close=True)
        agent, view = parts[:2]
        if agent not in known.peer.pushes:
            raise Problem(403, "you may not bring versions of this agent", close=True)
        async with self._locks.setdefault((agent, view), trio.Lock()):
            chain = await trio.to_thread.run_sync(self._chain, agent, view)
            if len(parts) == 2 and request.method == "GET" and request.bodiless():
                await wire.answer(200, _JSON, _told(agent, view, chain.last))
            elif len(parts) == 3 and request.method == "PUT" and parts[2].isdigit() and len(parts[2]) <= 12:
                await self._put(wire, chain, agent, view, int(parts[2]))
            else:
                raise Problem(405, "GET says what is there, PUT brings one version", close=True)

    def _chain(self, agent: str, view: str) -> Chain:
        """Look at the chain anew: who reads it may have buried what it took."""
        folder = self._folder / agent / view
        if not folder.is_dir():
            there = [each for each in folder.parent.iterdir() if each.is_dir()] if folder.parent.is_dir() else []
            if len(there) >= MOST_VIEWS:
                raise Problem(403, f"an agent has at most {MOST_VIEWS} views here", close=True)
        return Chain(folder)

    async def _put(self, wire: Wire, chain: Chain, agent: str, view: str, n: int) -> None:
        if n != chain.last + 1:
            raise Problem(409, f"the next one is {chain.last + 1}", close=True)
        taking = _Taking(chain, agent, view, n)
        most = LENGTH_BYTES + protocol.LONGEST_MANIFEST + self._longest
        try:
            while piece := await wire.piece(most):
                await trio.to_thread.run_sync(taking.take, piece)
            await trio.to_thread.run_sync(taking.finish)
        except (protocol.ForgedError, ChainError) as error:
            raise Problem(422, str(error), close=True) from None
        except OSError as error:
            raise Problem(507, f"it cannot be kept here now: {error.strerror}", close=True) from None
        finally:
            taking.close()
        if self._on_received is not None:
            self._on_received(agent, view, n)
        await wire.answer(201, _JSON, _told(agent, view, n))


class _Taking:
    """One version as it comes: the manifest is checked before a byte of the lines is written."""

    def __init__(self, chain: Chain, agent: str, view: str, n: int) -> None:
        self._chain = chain
        self._names: tuple[Any, ...] = (agent, view, n)
        self._head = bytearray()
        self._manifest: protocol.Manifest | None = None
        self._signed = b""
        self._path = chain.folder / ".pushed.tmp"
        self._file = -1
        self._digest = hashlib.sha256()
        self._size = 0

    def take(self, piece: bytes) -> None:
        """Take what came next; raises ForgedError and OSError."""
        if self._manifest is not None:
            self._lines(piece)
            return
        self._head += piece
        length = int.from_bytes(self._head[:LENGTH_BYTES], "big")
        if length > protocol.LONGEST_MANIFEST:
            raise protocol.ForgedError("the manifest is too long")
        if len(self._head) < LENGTH_BYTES + length or len(self._head) < LENGTH_BYTES:
            return
        self._signed = bytes(self._head[LENGTH_BYTES : LENGTH_BYTES + length])
        self._manifest = self._checked()
        self._lines(bytes(self._head[LENGTH_BYTES + length :]))

    def _checked(self) -> protocol.Manifest:
        """Return the manifest where the agent's key signed it and it names what it is brought as."""
        if self._chain.last:
            key = self._chain.key_after(self._chain.last)
        else:
            try:
                key = str(msgspec.json.decode(self._signed, type=dict).get("key", ""))
            except (msgspec.MsgspecError, UnicodeError) as error:
                raise protocol.ForgedError(f"not a manifest: {error}") from None
        manifest = protocol.read(self._signed, key)
        if (manifest.agent, manifest.view, manifest.n) != self._names:
            raise protocol.ForgedError("the manifest is of another agent, view or number")
        return manifest

    def _lines(self, piece: bytes) -> None:
        if not piece or self._manifest is None:
            return
        if self._file < 0:
            self._chain.folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, _WRITE, _PRIVATE)
        self._size += len(piece)
        if self._size > self._manifest.bytes:
            raise protocol.ForgedError("there are more lines than were sealed")
        self._digest.update(piece)
        with os.fdopen(os.dup(self._file), "wb") as out:
            out.write(piece)

    def finish(self) -> None:
        """Put it at the end of the chain, durably; raises ForgedError, ChainError and OSError."""
        if self._manifest is None:
            raise protocol.ForgedError("there is no manifest")
        if self._size == 0:
            self._chain.append(self._signed, self._manifest.n, None)
            return
        if (self._digest.hexdigest(), self._size) != (self._manifest.sha256, self._manifest.bytes):
            raise protocol.ForgedError("the lines are not those that were sealed")
        self._chain.append(self._signed, self._manifest.n, self._path)

    def close(self) -> None:
        """Let go of what was begun."""
        if self._file >= 0:
            os.close(self._file)
            self._path.unlink(missing_ok=True)


def _told(agent: str, view: str, last: int) -> bytes:
    return msgspec.json.encode({"agent": agent, "view": view, "last": last})
