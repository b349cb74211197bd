"""Numbers in as few bytes as they need (LEB128), for what is stored a million times."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def put(into: bytearray, numbers: Iterable[int]) -> None:
    """Append numbers from 0 on, seven bits a byte, lowest first."""
    append = into.append
    for number in numbers:
        while number > 0x7F:
            append(number & 0x7F | 0x80)
            number >>= 7  # noqa: PLW2901 - what is left of it
        append(number)


def put_rising(into: bytearray, numbers: Iterable[int]) -> None:
    """Append a count and ascending numbers, each as its distance from the one before."""
    rising = list(numbers)
    put(into, (len(rising),))
    put(into, map(sub, rising, (0, *rising)))


class Taker:
    """Takes numbers off the front; raises ValueError where the bytes end too soon or a number has over 64 bits."""

    __slots__ = ("at", "memo")

    def __init__(self, memo: bytes, at: int = 0) -> None:
        self.memo, self.at = memo, at

    def one(self) -> int:
        """Take a number."""
        number = shift = 0
        memo, at = self.memo, self.at
        try:
            while (byte := memo[at]) > 0x7F:
                number |= (byte & 0x7F) << shift
                shift += 7
                at += 1
                if shift > 63:
                    raise ValueError("a number has more than 64 bits")
        except IndexError:
            raise ValueError("the bytes end within a number") from None
        self.at = at + 1
        return number | byte << shift

    def many(self, count: int) -> list[int]:
        """Take so many numbers."""
        if count > len(self.memo) - self.at:
            raise ValueError("there are fewer bytes than numbers")
        return [self.one() for _ in range(count)]

    def rising(self, most: int) -> list[int]:
        """Take what `put_rising` put; ValueError where there are more than `most`."""
        count = self.one()
        if count > most:
            raise ValueError(f"{count} numbers, at most {most}")
        total, found = 0, []
        for step in self.many(count):
            total += step
            found.append(total)
        return found

    def bytes(self, count: int) -> bytes:
        """Take so many bytes."""
        self.at += count
        if self.at > len(self.memo):
            raise ValueError("the bytes end too soon")
        return self.memo[self.at - count : self.at]
