"""Caps on lines, for what is read line by line: their number, and the length of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.work.unpack import UnpackError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator


def capped_lines(
    chunks: Iterator[bytes], *, max_line: int, max_lines: int, refused: Counter[str] | None = None
) -> Iterator[bytes]:
    """Yield the chunks without lines longer than `max_line` bytes, each of which counts as refused `line too long`.

    A line ends with LF, CR or both. Memory is bounded by a chunk and a line whatever comes; where no line is too long,
    the chunks are passed on as they are cut at line ends. Raises UnpackError `too_many_lines` above `max_lines`.
    """
    rest, dropping, lines = b"", False, 0
    for chunk in chunks:
        data = rest + chunk
        if dropping:
            start = _after_end(data, 0)
            if start < 0:
                rest = b""
                continue
            data, dropping = data[start:], False
        good, rest, long = _split(data, max_line)
        if len(rest) > max_line:
            rest, dropping, long = b"", True, long + 1
        _count(refused, long)
        lines += max(good.count(b"\n"), good.count(b"\r")) + long
        if lines > max_lines:
            raise UnpackError("too_many_lines", f"has more than {max_lines} lines")
        if good:
            yield good
    if rest:
        yield rest


def _split(data: bytes, max_line: int) -> tuple[bytes, bytes, int]:
    """Return whole lines, the part of a line behind them, and how many lines were cut out for their length."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    whole, rest = data[:end], data[end:]
    position = 0
    while end - position > max_line:  # jump from line end to line end, as far as a line may reach
        reach = max(
            whole.rfind(b"\n", position, position + max_line + 1), whole.rfind(b"\r", position, position + max_line + 1)
        )
        if reach < 0:
            return _cut_out(whole, max_line, rest)
        position = reach + 1
    return whole, rest, 0


def _cut_out(whole: bytes, max_line: int, rest: bytes) -> tuple[bytes, bytes, int]:
    lines = whole.splitlines(keepends=True)
    good = [line for line in lines if len(line.rstrip(b"\r\n")) <= max_line]
    return b"".join(good), rest, len(lines) - len(good)


def _after_end(data: bytes, start: int) -> int:
    """Return the position behind the next line end, -1 where there is none."""
    ends = [position for position in (data.find(b"\n", start), data.find(b"\r", start)) if position >= 0]
    return min(ends) + 1 if ends else -1


def _count(refused: Counter[str] | None, long: int) -> None:
    if refused is not None and long:
        refused["line too long"] += long
