"""Indicators for the look-up: which are known, and which are asked for."""

from __future__ import annotations

import _figure  # noqa: F401 - finds tipd
from _lists import line

from tipd.model.kind import Kind


def known(number: int) -> tuple[Kind, str]:
    """Return the number-th known indicator: of ten, five addresses, one network, two domains, two URLs."""
    place = number % 10
    if place < 5:
        return Kind.IPV4, line(number * 5)
    if place == 5:
        return Kind.NETWORK, line(number * 5 + 3)
    if place < 8:
        return Kind.DOMAIN, f"host{number:x}.example{number % 997}.org"
    return Kind.URL, f"http://web{number:x}.example{number % 997}.net/login/{number}.php?id={number}"


def asked(number: int, rows: int) -> str:
    """Return the number-th value of a request: a known one where the number is even, else one that is not known.

    In the same mixture; the known ones are spread over all that is known.
    """
    place = number // 2 % 10
    if number % 2 == 0:
        spread = number // 20 * 7919 * 10 % max(10, rows // 10 * 10)
        return known(spread + place)[1]
    if place < 5:
        return f"{200 + number % 20}.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"
    if place == 5:
        return f"{200 + number % 20}.{number // 256 % 256}.{number % 256}.0/24"
    if place < 8:
        return f"www{number}.clean{number % 97}.example.com"
    return f"https://www.example{number}.com/page/{number}?q={number}"
