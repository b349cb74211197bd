"""How far a source that is asked for changes has come: what is kept with its rows, and what stands for `{since}`.

The kept value is text as the source wrote it (epoch, RFC 3339, a number, a word); `days` keeps RFC 3339. Pure.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.config import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.modules.blacklist.asking import Since

REMEMBERED = 64  # pages and cursors of a run that was cut off, to know them again
LONGEST = 4096  # characters of a cursor or an address
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run under way, or cut off: it goes on from here.

    `began` by the source's clock where it told one; `since` is what was asked; `top` the greatest value so far; `at`
    the next page's number or offset; `token` the next cursor or address; `pages` that came, `before` of them until
    it was cut off last; `bytes` since then; `seen` short hashes of pages and cursors; `whole`: all was asked for.
    """

    began: datetime
    since: str = ""
    top: str = ""
    at: int = 0
    token: str = ""
    pages: int = 0
    before: int = 0
    bytes: int = 0
    seen: tuple[str, ...] = ()
    whole: bool = False


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `source.request_cursor` holds.

    `digest` of the question it belongs to; `since` as it was kept by the last whole run; `whole`: when all was asked
    for last; `run`: one that was cut off; `body`: hash of the last run's only page; `events`: of a manifest, event →
    date; `tag`: the manifest's ETag.
    """

    digest: str
    since: str = ""
    whole: datetime | None = None
    run: Run | None = None
    body: str = ""
    events: dict[str, str] = {}
    tag: str = ""


def stored(kept: Any, digest: str) -> Cursor:
    """Return the kept cursor, a fresh one where there is none or it belongs to another question."""
    try:
        cursor = msgspec.convert(kept, Cursor)
    except msgspec.ValidationError:
        return Cursor(digest=digest)
    return cursor if cursor.digest == digest else Cursor(digest=digest)


def moment_of(text: str, form: str) -> datetime | None:
    """Return the moment a value names, None where it names none; `text` values are no moments."""
    try:
        if form == "epoch":
            return datetime.fromtimestamp(float(text), UTC) if len(text) < 32 else None
        if form in ("rfc3339", "days"):
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def written(moment: datetime, form: str) -> str:
    """Return a moment as a value of the format."""
    if form == "epoch":
        return str(math.floor(moment.timestamp()))
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def greatest(values: Iterable[str], form: str) -> str:
    """Return the greatest of the values that can be read, an empty text where there is none."""
    if form == "text":
        given = [value for value in values if value]
        numbers = [value for value in given if _number(value) is not None]
        return max(numbers, key=int) if numbers else given[-1] if given else ""
    read = [(moment, value) for value in values if (moment := moment_of(value, form)) is not None]
    return max(read)[1] if read else ""


def shown(since: Since, kept: str, now: datetime) -> str:
    """Return what stands for `{since}`: the kept value less the overlap, the declared first one where none is kept."""
    moment = moment_of(kept, since.format)
    if not kept or since.format == "text":
        return kept or since.first
    if moment is None:
        return since.first
    overlap = duration(since.overlap)
    if since.format == "days":
        return str(max(1, math.ceil((now - moment + overlap) / _DAY)))
    return written(_less(moment, overlap), since.format) if overlap else kept


def advanced(since: Since, kept: str, found: str, began: datetime) -> tuple[str, str]:
    """Return what is kept after a whole run, and what to tell where the source's cursor went back.

    `found` is the greatest value that came. It is not believed beyond the moment the run began: what changed behind its
    back while pages were fetched, and a date of the year 9999, would else be passed over for ever.
    """
    if since.from_ == "began":
        return written(began, since.format), ""
    if not found:
        return kept, ""
    if since.format == "text":
        old, new = _number(kept), _number(found)
        if old is not None and new is not None and new < old:
            return kept, f"the cursor goes back, from {kept} to {found[:40]}: the old one is kept"
        return found, ""
    moment, old_moment = moment_of(found, since.format), moment_of(kept, since.format)
    if moment is None:
        return kept, ""
    if old_moment is not None and moment < _less(old_moment, duration(since.overlap)):
        return kept, f"the cursor goes back, from {kept} to {found[:40]}: the old one is kept"
    if old_moment is not None and moment < old_moment:
        return kept, ""  # from the overlap: what bore the kept value is not there any more
    if moment > began:
        limit = written(began, since.format)
        return (kept if old_moment is not None and began < old_moment else limit), ""
    return found, ""


def whole_is_due(since: Since | None, cursor: Cursor, now: datetime) -> bool:
    """Return whether all is to be asked for again."""
    if since is None or not since.whole or cursor.whole is None:
        return False
    return now - cursor.whole >= duration(since.whole)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 32 else None


def _less(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment - span
    except OverflowError:
        return BEGINNING
