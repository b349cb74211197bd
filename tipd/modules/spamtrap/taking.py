"""The lines of a sealed version, out of its file, in worker processes: what an agent says is hostile too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_LINE = 1 << 20
LARGEST_WINDOW = 2**27
_CHUNK = 256 * 1024


def lines_of(path: Path, most: int) -> Iterator[bytes]:
    """Yield the lines of a zstd file; raises ValueError where it is damaged or unpacks to more than `most` bytes."""
    rest, read = b"", 0
    with (
        path.open("rb") as file,
        zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(file) as stream,
    ):
        while True:
            try:
                chunk = stream.read(_CHUNK)
            except zstandard.ZstdError as error:
                raise ValueError(f"the version is damaged: {error}") from None
            if not chunk:
                break
            read += len(chunk)
            if read > most:
                raise ValueError(f"the version unpacks to more than {most} bytes")
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise ValueError(f"a line is longer than {LONGEST_LINE} bytes")
            yield from (line for line in lines if line)
    if rest:
        yield rest
