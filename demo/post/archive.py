"""A public archive of spam: an index page, a `.7z` a month in nested folders, one mail a file; this month's grows."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

import py7zr

from demo.post.mails import mail
from demo.world import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.server import Answers

PATH = "/spam/"
FINISHED = (("2026-09", 0, 120), ("2026-10", 120, 140))  # month, first mail, how many
GROWING = ("2026-11", 260, 40)
GROWS_BY = 20  # mails a round, for so many rounds …
GROWS_FOR = 3
_INSIDE = "untouched"  # a folder inside, as such archives have it


def index(number: int, _headers: Mapping[bytes, bytes] | None = None, _body: bytes = b"") -> Page:
    """Return the page that links to the months, newest last, as a folder's listing does."""
    rows = "".join(f'<li><a href="{month}.7z">{month}.7z</a></li>' for month in [*_months(), GROWING[0]])
    return Page(f"<html><body><h1>spam</h1><ul>{rows}</ul></body></html>".encode(), content_type="text/html")


def answers() -> dict[str, Answers]:
    """Return what stands at each path: `path -> (round, headers, body) -> Page`."""
    found: dict[str, Answers] = {PATH: index}
    for month, first, count in FINISHED:
        found[f"{PATH}{month}.7z"] = functools.partial(_finished, month, first, count)
    found[f"{PATH}{GROWING[0]}.7z"] = _growing
    return found


def mails_in(number: int) -> int:
    """Return how many mails the archive holds in a round."""
    return sum(count for _, _, count in FINISHED) + _grown(number)


def _months() -> list[str]:
    return [month for month, _, _ in FINISHED]


def _grown(number: int) -> int:
    return GROWING[2] + GROWS_BY * min(number, GROWS_FOR)


def _finished(month: str, first: int, count: int, *_request: object) -> Page:
    return Page(_packed(month, first, count), content_type="application/x-7z-compressed")


def _growing(number: int, *_request: object) -> Page:
    month, first, _ = GROWING
    return Page(_packed(month, first, _grown(number)), content_type="application/x-7z-compressed")


@functools.lru_cache(maxsize=16)
def _packed(month: str, first: int, count: int) -> bytes:
    """Return the month's archive: a folder a day, a file a mail."""
    packed = io.BytesIO()
    filters = [{"id": py7zr.FILTER_LZMA2, "preset": 1}]
    with py7zr.SevenZipFile(packed, "w", filters=filters) as archive:
        for number in range(first, first + count):
            archive.writestr(mail(number), f"{month}/{_INSIDE}/{1 + number % 28:02}/{number:010}.{number % 7}.txt")
    return packed.getvalue()
