"""Pages: how each is asked for, and whether there is another one. Pure: values in, values out.

A next page is looked for at the declared origin only: no source shall send a credential to another host.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import ada_url
import msgspec
import xxhash

from tipd.config import size
from tipd.modules.blacklist.asking import PLACE
from tipd.modules.blacklist.cursor import LONGEST
from tipd.net.credential import PLACE as CREDENTIAL
from tipd.net.hop import locate
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.modules.blacklist.cursor import Run
    from tipd.modules.blacklist.declaration import Source

MOST_SEEN = 2000
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))", re.IGNORECASE)


class Question(NamedTuple):
    """What is asked for one page; `{credential}` still stands in its place."""

    url: str
    headers: dict[str, str]
    body: str | None


class Look(msgspec.Struct, kw_only=True):
    """What a page says about pages.

    `rows`: -1 where they cannot be counted; `next`: a cursor or address, empty where there is none; `more`: None where
    it does not say; `greatest`: of the values at `[request.since] path`; `html`: it begins as a web page does;
    `broken`: why it could not be looked at.
    """

    rows: int = -1
    next: str = ""
    more: bool | None = None
    greatest: str = ""
    html: bool = False
    broken: str = ""


class Turn(NamedTuple):
    """What follows a page: the run as it goes on, whether it is at its end, and what is wrong, in plain words."""

    run: Run
    done: bool
    fault: str = ""


def question(source: Source, run: Run, since: str) -> Question:
    """Return what is asked for the run's next page."""
    ask = source.request
    places = {
        "since": since,
        "page": str(run.at),
        "offset": str(run.at),
        "cursor": run.token,
        "size": str(ask.pages.size),
    }
    linked = run.token if ask.pages.by == "link" else ""
    headers = {name: _plain(value, places) for name, value in ask.headers.items()}
    body = _body(ask.body, places) if ask.method == "POST" else None
    if body is not None and "content-type" not in map(str.lower, headers):
        json = body.lstrip()[:1] in ("{", "[")
        headers["Content-Type"] = "application/json" if json else "application/x-www-form-urlencoded"
    return Question(linked or _url(source.url, places), headers, body)


def _plain(text: str, places: Mapping[str, str]) -> str:
    return PLACE.sub(lambda found: places[found[1]], text)


def _body(text: str, places: Mapping[str, str]) -> str:
    """What a source gave us is put into JSON as JSON, into a form as a form asks."""
    json = text.lstrip()[:1] in ("{", "[")

    def value(found: re.Match[str]) -> str:
        given = places[found[1]]
        return msgspec.json.encode(given).decode()[1:-1] if json else quote(given, safe="")

    return PLACE.sub(value, text)


def _url(template: str, places: Mapping[str, str]) -> str:
    quoted = {name: quote(value, safe="") for name, value in places.items()}
    front, mark, query = template.partition("?")
    kept = [pair for pair in query.split("&") if not _is_empty(pair, places)]
    return _plain(front, quoted) + (mark + _plain("&".join(kept), quoted) if kept and mark else "")


def _is_empty(pair: str, places: Mapping[str, str]) -> bool:
    """Say whether a parameter is nothing but places that are empty."""
    names = PLACE.findall(pair.partition("=")[2])
    return bool(names) and not PLACE.sub("", pair.partition("=")[2]) and not any(places[name] for name in names)


def first_at(source: Source) -> int:
    """Return where counting begins."""
    return source.request.pages.first if source.request.pages.by == "page" else 0


def turn(source: Source, run: Run, look: Look, *, digest: bytes, length: int, url: str, link: str) -> Turn:
    """Return what follows a page that came whole.

    `digest` and `length` of its body, the `url` it came from, `link`: its `Link` header.
    """
    pages = source.request.pages
    mark = digest.hex()[:16]
    again = mark in run.seen and look.rows != 0
    run = msgspec.structs.replace(
        run, pages=run.pages + 1, bytes=run.bytes + length, seen=(*run.seen, mark)[-MOST_SEEN:]
    )
    if not pages.by:
        return Turn(run, done=True)
    if again:
        return Turn(run, done=True, fault=f"page {run.pages} holds the same as one before: it repeats")
    following = _following(source, run, look, url, link)
    if following.done:
        return following
    if following.run.pages - following.run.before >= pages.most:
        return Turn(following.run, done=False, fault=f"stopped after {pages.most} pages (request.pages.most)")
    if following.run.bytes >= size(pages.max_bytes):
        return Turn(following.run, done=False, fault=f"stopped after {pages.max_bytes} (request.pages.max_bytes)")
    return following


def _following(source: Source, run: Run, look: Look, url: str, link: str) -> Turn:
    pages = source.request.pages
    if pages.by in ("page", "offset"):
        return _counted(source, run, look)
    token = look.next if pages.by == "cursor" or pages.next else link_of(link)
    if look.more is False:
        return Turn(run, done=True)
    if not token:
        missing = "says that there is more, and not where (more without next)" if look.more else ""
        return Turn(run, done=True, fault=f"page {run.pages} {missing}" if missing else "")
    if pages.by == "link":
        token, fault = _address(source, url, token)
        if fault:
            return Turn(run, done=True, fault=fault)
    if len(token) > LONGEST:
        return Turn(run, done=True, fault=f"page {run.pages} gives a next cursor of {len(token)} characters")
    mark = xxhash.xxh3_64_hexdigest(token.encode("utf-8", "replace"))
    if mark in run.seen or token == run.token:
        return Turn(run, done=True, fault=f"page {run.pages} gives a cursor that was had before: it goes in a circle")
    return Turn(msgspec.structs.replace(run, token=token, seen=(*run.seen, mark)[-MOST_SEEN:]), done=False)


def _counted(source: Source, run: Run, look: Look) -> Turn:
    pages = source.request.pages
    if look.rows < 0:
        return Turn(run, done=True, fault="the rows of a page cannot be counted (request.pages.rows)")
    on = msgspec.structs.replace(run, at=run.at + (1 if pages.by == "page" else look.rows))
    # A page may be short because the server gives fewer at a time than it was asked for: its own word comes first.
    last = look.rows < pages.size if look.more is None else not look.more
    return Turn(on, done=not look.rows or last)


def _address(source: Source, url: str, link: str) -> tuple[str, str]:
    """Return the next page's address, `{credential}` in its place, or what is wrong with it."""
    try:
        address = ada_url.join_url(url, link[:LONGEST])
        place, home = locate(address), locate(source.url.replace(CREDENTIAL, "x"))
    except (ValueError, FetchError):
        return "", "the address of the next page is no URL that can be fetched"
    if place.origin != home.origin:
        where = f"{'https' if place.secure else 'http'}://{place.authority}"
        return "", f"the next page would be at {where}, another origin: it is not asked"
    return address.replace("%7Bcredential%7D", CREDENTIAL), ""


def link_of(header: str) -> str:
    """Return the address of `rel="next"` in a `Link` header (RFC 8288), an empty text where there is none."""
    for match in _LINK.finditer(header[: 2 * LONGEST]):
        rel = _REL.search(match[2])
        if rel and "next" in (rel[1] or rel[2] or "").lower().split():
            return match[1]
    return ""
