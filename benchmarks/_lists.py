"""Lists of many different addresses, networks and domains, as fast as they can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def line(number: int) -> str:
    """Return the number-th line: three in five an address, one a network, one a domain; nothing that tipd refuses."""
    kind = number % 5
    if kind == 3:
        return f"{11 + number // 5 // 65536 % 100}.{number // 5 // 256 % 256}.{number // 5 % 256}.0/24"
    if kind == 4:
        return f"host{number:x}.example{number % 997}.org"
    mixed = number * 2654435761 % 2**31  # spread over the address space, one to one
    return f"{130 + mixed // 2**24 % 38}.{mixed // 65536 % 256}.{mixed // 256 % 256}.{mixed % 256}"


def lines(count: int, first: int = 0) -> Iterator[str]:
    """Yield `count` different lines."""
    seen: set[str] = set()
    number = first
    while len(seen) < count:
        text = line(number)
        number += 1
        if text not in seen:
            seen.add(text)
            yield text


def with_context(texts: Iterable[str]) -> Iterator[str]:
    """Yield CSV rows of the lines with what such lists say beside them: port, malware, status, dates, reference."""
    for number, text in enumerate(texts):
        day, hour = 1 + number % 21, number // 21 % 24
        yield (
            f"{text},{1 + number * 7919 % 65535},family{number % 211},{('online', 'offline')[number % 2]},"
            f"2026-10-{day:02} {hour:02}:{number % 60:02}:00,2026-11-{day:02} {hour:02}:{number // 7 % 60:02}:00,"
            f"https://lists.example.org/report/{number:x}"
        )
