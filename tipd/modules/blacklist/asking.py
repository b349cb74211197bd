"""`[request]`: where a plain GET does not do: method, headers, body, pages, and what is asked since the last time."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from tipd.config import duration, size
from tipd.modules.blacklist.spans import check_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tipd.modules.blacklist.declaration import Source

PLACE = re.compile(r"\{(since|page|offset|cursor|size)\}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z", re.ASCII)
_NEEDS = {"page": "page", "offset": "offset", "cursor": "cursor"}

type By = Literal["", "page", "offset", "cursor", "link", "manifest"]


def _check(key: str, text: str, read: Callable[[str], object]) -> None:
    try:
        read(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


class Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[request.pages]`: a set that comes in pages.

    `by`: how the next page is asked for: `page` (its number goes where `{page}` stands), `offset` (how many rows have
        come, `{offset}`), `cursor` (what the last page gave, `{cursor}`), `link` (an address that the last page gave),
        `manifest` (the first answer is a MISP feed's manifest: event → date; each event is a page)
    `rows`: the JSON path to what is counted as rows, such as `response.Attribute`; a page without rows is the last one
    `size`: the rows of a full page, where `{size}` stands too; one with fewer is the last, unless `more` says otherwise
    `first`: the number of the first page
    `next`: the JSON path to the next cursor or address; for `link`, empty: the `Link` header
    `more`: the JSON path to whether there are more pages
    `most`: pages of one run
    `max_bytes`: bytes of all pages of one run
    `pause`: between two pages, beside the pause of `[net] spacing`
    """

    by: By = ""
    rows: str = ""
    size: int = 0
    first: int = 1
    next: str = ""
    more: str = ""
    most: int = 10_000
    max_bytes: str = "4GB"
    pause: str = "0s"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ValueError names the key."""
        if self.size < 0 or self.first < 0:
            raise ValueError("request.pages: size and first must not be negative")
        if not 1 <= self.most <= 1_000_000:
            raise ValueError("request.pages.most: must be from 1 to 1000000")
        if self.by == "cursor" and not self.next:
            raise ValueError("request.pages.next: says where a page gives the next cursor; it is missing")
        _check("request.pages.pause", self.pause, duration)
        _check("request.pages.max_bytes", self.max_bytes, size)


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[request.since]`: only what has changed is asked for; what stands for `{since}` is kept with the rows.

    `from`: what is asked from the next time: the `greatest` value that came at the JSON path `path`, a `header` of the
        last answer, or when this run `began`
    `path`: the JSON path to the values of which the greatest counts, such as `response.Attribute.*.timestamp`
    `header`: the answer's header, such as `X-TAXII-Date-Added-Last`
    `format`: how it is written: `epoch` (seconds), `rfc3339`, `days` (so many days ago, rounded up) or `text` (as it
        came, such as a number that grows or a word that only its provider understands)
    `first`: what stands for `{since}` the first time; where it is empty too, a parameter of the URL is left out
    `overlap`: so much is asked again, for what was late
    `whole`: every so often all is asked for as the first time, so that what is still there does not age; empty: never
    """

    from_: Literal["greatest", "header", "began"] = msgspec.field(default="greatest", name="from")
    path: str = ""
    header: str = ""
    format: Literal["epoch", "rfc3339", "days", "text"] = "rfc3339"
    first: str = ""
    overlap: str = "0s"
    whole: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ValueError names the key."""
        if (self.from_ == "greatest") is not bool(self.path):
            raise ValueError('request.since.path: goes with from = "greatest", which needs it')
        if (self.from_ == "header") is not bool(self.header):
            raise ValueError('request.since.header: goes with from = "header", which needs it')
        if self.format == "text" and self.from_ == "began":
            raise ValueError('request.since.format: a time is no "text"')
        _check("request.since.overlap", self.overlap, duration)
        if self.format == "text" and duration(self.overlap):
            raise ValueError('request.since.overlap: nothing can be taken off a "text"')
        if self.whole:
            check_duration("request.since.whole", self.whole)


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[request]`: where a plain GET does not do.

    `{credential}` is replaced at each fetch; `{since}`, `{page}`, `{offset}`, `{cursor}` and `{size}` may stand in the
    URL, in headers and in the body, where the tables `pages` and `since` say what they are. A parameter of the URL
    that is nothing but an empty place is left out.

    `method`: GET or POST
    `headers`: further headers; a body that begins as JSON does is sent as such where they do not say
    `body`: of a POST
    `pages`: how a set comes in pages
    `since`: how only changes are asked for
    """

    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    body: str = ""
    pages: Pages = Pages()
    since: Since | None = None

    @property
    def paged(self) -> bool:
        """Whether the set comes in more than one answer."""
        return bool(self.pages.by)

    @property
    def increments(self) -> bool:
        """Whether what comes is what has changed, not the whole set."""
        return self.since is not None or self.pages.by == "manifest"

    def digest(self, source: Source) -> str:
        """Return what a kept cursor hangs on: another question, or another way to read, begins anew."""
        parts = [source.digest(), source.url, self]
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:32]


def check(source: Source) -> None:
    """Refuse a `[request]` that does not fit its source; ValueError names the key."""
    ask = source.request
    if ask.body and ask.method != "POST":
        raise ValueError("request.body: goes with method POST")
    for name, text in ask.headers.items():
        if not _HEADER.match(name):
            raise ValueError(f"request.headers.{name}: is no header's name")
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"request.headers.{name}: must be one line of printable ASCII")
    texts = (source.url, ask.body, *ask.headers.values(), source.signature.url if source.signature else "")
    if not source.credential and any("{credential}" in text for text in texts):
        raise ValueError("credential: is missing, {credential} stands for it")
    if not source.url and (ask.paged or ask.increments):
        raise ValueError("request: pages and since go with url")
    if source.signature and (ask.paged or ask.increments):
        raise ValueError("signature: signs one body, not pages")
    _check_places(source, set(_places(source)))
    if ask.increments and source.absence != "nothing":
        raise ValueError(
            'absence: must be "nothing" where only changes are asked for: a row that does not come is not gone'
        )
    if ask.since and ask.since.whole and duration(ask.since.whole) < timedelta(hours=1):
        raise ValueError("request.since.whole: must be at least 1h")


def _places(source: Source) -> Iterator[str]:
    for text in (source.url, source.request.body, *source.request.headers.values()):
        yield from PLACE.findall(text)


def _check_places(source: Source, places: set[str]) -> None:
    ask = source.request
    by, needed = ask.pages.by, _NEEDS.get(ask.pages.by)
    if needed and needed not in places:
        raise ValueError(f"request.pages.by: {by!r} needs {{{needed}}} in the URL, a header or the body")
    for place in places & _NEEDS.keys():
        if place != needed:
            raise ValueError(f'request.pages.by: must be "{place}" where {{{place}}} stands')
    if ("since" in places) is not (ask.since is not None):
        raise ValueError("request.since: {since} and the table [request.since] go together")
    if "size" in places and not ask.pages.size:
        raise ValueError("request.pages.size: is missing, {size} stands for it")
    if by == "manifest" and ask.method != "GET":
        raise ValueError("request.method: a manifest is fetched with GET")
