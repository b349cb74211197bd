"""Look at a page in a worker process: how many rows, where the next page is, how far it reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tipd.modules.blacklist.cursor import LONGEST, greatest
from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.paging import Look
from tipd.modules.blacklist.parsers.json_records import find
from tipd.modules.blacklist.reading.intake import Intake
from tipd.work.unpack import UnpackError, UnpackLimits, open_body

_LINES = frozenset({"page", "offset"})


class LookJob(msgspec.Struct, frozen=True, kw_only=True):
    """A page's body, and what is asked about it by the declaration."""

    body: str
    source: Source
    max_body: int = 2**30


def look(job: LookJob) -> Look:
    """Return what the page says; one that cannot be read says why in `broken`."""
    try:
        chunks = open_body(Path(job.body), UnpackLimits(max_bytes=job.max_body), member=job.source.member)
        intake = Intake(None, keep_line_ends=True)
        found = look_at(b"".join(intake.clean(chunks)), job.source)
        found.html = intake.html
        return found
    except UnpackError as error:
        return Look(broken=str(error))


def look_at(body: bytes, source: Source) -> Look:
    """Return what a body says about pages."""
    pages, since = source.request.pages, source.request.since
    path = since.path if since else ""
    if not (path or pages.next or pages.more or pages.rows):
        return Look(rows=_lines(body) if pages.by in _LINES else -1)
    try:
        document = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Look(broken=f"is no JSON: {error}")
    more = next(iter(find(document, pages.more)), None) if pages.more else None
    return Look(
        rows=_count(find(document, pages.rows)) if pages.rows else -1,
        next=_token(next(iter(find(document, pages.next)), None)) if pages.next else "",
        more=None if more is None else more not in (False, 0, "", "false", "False", "no"),
        greatest=greatest(map(_text, find(document, path)), since.format) if since and path else "",
    )


def _count(found: list[Any]) -> int:
    return sum(len(each) if isinstance(each, list | dict) else each is not None for each in found)


def _token(value: Any) -> str:
    return _text(value)[: LONGEST + 1]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _lines(body: bytes) -> int:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return sum(1 for line in body.split(b"\n") if line.strip())
    return len(document) if isinstance(document, list) else -1
