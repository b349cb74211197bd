"""Takes a body in: undoes its encoding, counts, hashes and writes it, in a thread, in bounded steps.

The loop only gathers bytes; a step undoes at most STEP bytes of what came over the wire, and the ratio cap bounds what
they can make, so that a bomb costs one step and neither the loop nor the disk much.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import trio

from tipd.net.decode import DecodeError
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.net.credential import Scrubber
    from tipd.net.decode import Decoder
    from tipd.net.request import Digest, Limits

STEP = 256 * 1024
RATIO_FLOOR = 8 * 2**20  # bytes a body may always reach: small lists may compress very well


class Sink:
    """One body on its way into one file (mode 0600). `close` it in any case."""

    def __init__(self, into: Path, decoder: Decoder, limits: Limits, scrubber: Scrubber | None = None) -> None:
        """Write nothing yet; the scrubber takes out what must not lie on a disk."""
        self._scrubber = scrubber
        self._into = into
        self._decoder = decoder
        self._limits = limits
        self._pending = bytearray()
        self._file = -1
        self._hash = hashlib.sha256()
        self.wire = 0
        self.size = 0

    async def take(self, data: bytes | bytearray) -> None:
        """Take bytes as they came; raises FetchError `wrong_page` for a bomb or damage, OSError for our disk."""
        self._pending += data
        self.wire += len(data)
        if len(self._pending) >= STEP:
            await self._step()

    async def finish(self) -> Digest:
        """Write the rest and return the content's SHA-256; raises as `take`, and where the encoding did not end."""
        await self._step(last=True)
        return self._hash.digest()

    async def _step(self, *, last: bool = False) -> None:
        data, self._pending = bytes(self._pending), bytearray()
        await trio.to_thread.run_sync(self._work, data, last)

    def _work(self, data: bytes, last: bool) -> None:
        try:
            for piece in self._decoder.feed(data):
                self._count(len(piece))
                self._keep(self._scrubber.feed(piece) if self._scrubber else piece)
            if last:
                self._decoder.finish()
                self._keep(self._scrubber.finish() if self._scrubber else b"")
        except DecodeError as error:
            raise FetchError("wrong_page", str(error)) from None
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._into)) from None  # a full disk names no file itself

    def _keep(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._write(piece)

    def _count(self, more: int) -> None:
        self.size += more
        if self.size > self._limits.max_body:
            raise FetchError("wrong_page", f"the body is larger than {self._limits.max_body} bytes")
        if self.size > max(RATIO_FLOOR, self.wire * self._limits.max_ratio):
            raise FetchError("wrong_page", f"the body grows over {self._limits.max_ratio} times by decompression")

    def _write(self, piece: bytes) -> None:
        if self._file < 0:
            self._file = os.open(
                self._into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        view = memoryview(piece)
        while view:
            view = view[os.write(self._file, view) :]

    async def close(self, *, keep: bool) -> None:
        """Close the file, and remove it unless it is to be kept."""
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._close, keep)

    def _close(self, keep: bool) -> None:
        if self._file < 0:
            return
        os.close(self._file)
        self._file = -1
        if not keep:
            self._into.unlink(missing_ok=True)
