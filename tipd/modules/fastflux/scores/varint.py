"""Numbers in few bytes, for what is stored a million times: single ones as LEB128, many in narrow arrays."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_CODES = {array(code).itemsize: code for code in "BHIQ"}


def put(into: bytearray, numbers: Iterable[int]) -> None:
    """Append numbers from 0 on, seven bits a byte, lowest first."""
    append = into.append
    for number in numbers:
        while number > 0x7F:
            append(number & 0x7F | 0x80)
            number >>= 7  # noqa: PLW2901 - what is left of it
        append(number)


def put_array(into: bytearray, values: array[int]) -> None:
    """Append an array as narrow as its greatest number allows, little endian, with width and count before it."""
    top = max(values, default=0)
    width = 1 if top < 1 << 8 else 2 if top < 1 << 16 else 4 if top < 1 << 32 else 8
    put(into, (len(values) << 2 | width.bit_length() - 1,))
    if values.itemsize != width:
        values = array(_CODES[width], values)
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    into += values.tobytes()


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

    def array(self, into: array[int], most: int) -> None:
        """Fill an array with what `put_array` put; ValueError where there are more than `most`.

        OverflowError where a number is too great for the array.
        """
        told = self.one()
        count, width = told >> 2, 1 << (told & 3)
        if count > most:
            raise ValueError(f"{count} numbers, at most {most}")
        found = array(_CODES[width])
        found.frombytes(self.bytes(count * width))
        if sys.byteorder == "big":
            found.byteswap()
        into.extend(found if width == into.itemsize else array(into.typecode, found))

    def bytes(self, count: int) -> bytes:
        """Take so many bytes."""
        self.at += count
        if self.at > len(self.memo):
            raise ValueError("the bytes end too soon")
        return self.memo[self.at - count : self.at]
