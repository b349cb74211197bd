"""Pages one after the other in one file, for a reader that takes one body. The calls touch the disk."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from tipd.modules.blacklist.reading.json_stream import SEPARATOR
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.net.request import Fetched

_PIECE = 1 << 20


class Joined:
    """What came so far; `close` it in any case."""

    def __init__(self, path: Path, limit: int, *, documents: bool) -> None:
        """Write nothing yet; `limit` bytes are the most. `documents`: JSON documents are set apart."""
        self._documents = documents
        self.path = path
        self.digest = hashlib.sha256()
        self.size = 0
        self._limit = limit
        self._file: BinaryIO | None = None

    def fetched(self, last: Fetched) -> Fetched:
        """Return all of it as one answer, otherwise as the last page came."""
        return replace(last, path=self.path, sha256=self.digest.digest(), wire=self.size, bytes=self.size)

    def add(self, page: Path) -> None:
        """Append a page. Raises FetchError `wrong_page` where all is too large, OSError."""
        if self._file is None:
            self._file = self.path.open("wb")
        with page.open("rb") as file:
            piece = file.read(_PIECE)
            if self.size:
                apart = self._documents and piece.lstrip()[:1] in (b"{", b"[")
                self._write(b"\n" + SEPARATOR + b"\n" if apart else b"\n")
            while piece:
                self._write(piece)
                piece = file.read(_PIECE)
        self._file.flush()

    def _write(self, piece: bytes) -> None:
        assert self._file is not None  # noqa: S101 - `add` opens it
        self.size += len(piece)
        if self.size > self._limit:
            raise FetchError("wrong_page", f"all pages together are larger than {self._limit} bytes")
        self.digest.update(piece)
        self._file.write(piece)

    def close(self) -> None:
        """Give back the file."""
        if self._file is not None:
            self._file.close()
