"""What a reader of the stream asks for: `?since=&kind=&watch=&tag=&initial=&store_id=`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tipd.api.naming import LONGEST_TAG
from tipd.api.problem import Problem, store_away
from tipd.errors import StoreAway
from tipd.model.choice import ANY, choice
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tipd.api.auth import Caller
    from tipd.api.services import Store
    from tipd.model.choice import Choice
    from tipd.model.watch import Watches

_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*", re.ASCII)
_MOST = 50  # kinds, watches, or tags
_BOOLS = {"true": True, "false": False}
_LAST_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ask:
    """A cursor (None: live only), what is wanted, and whose cursor it is.

    `kinds`: of finding, none: all; `watches`: names of watches, none: whatever they match or not; `tags`: of tracked
    names, none: whatever they bear; `initial`: also what a source's first round loaded.
    """

    since: int | None
    kinds: frozenset[str]
    store_id: str | None
    watches: frozenset[str] = frozenset()
    initial: bool = True
    tags: frozenset[str] = frozenset()

    def choice(self, caller: Caller | None, watches: Watches) -> Choice:
        """Return the filter for this caller; raises Problem 400 for a watch there is not."""
        wanted = checked_watches(self.watches, watches)
        max_tlp = Tlp.CLEAR if caller is None else caller.max_tlp
        return choice(self.kinds, max_tlp=max_tlp, watches=wanted, initial=self.initial, tags=self.tags)


def parse_ask(query: str) -> Ask:
    """Return what the query string asks for; raises Problem 400 that names the parameter."""
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=100
        )
    except ValueError:
        raise Problem(400, "the query string is malformed") from None
    many: dict[str, set[str]] = {"kind": set(), "watch": set(), "tag": set()}
    single: dict[str, str] = {}
    for name, value in pairs:
        if name in many:
            many[name].update(value.split(","))
        elif name in {"token", "access_token"}:
            raise Problem(400, "a token goes into the Authorization header: addresses end in logs", parameter=name)
        elif name not in {"since", "store_id", "initial"} or name in single:
            raise Problem(400, f"unknown or repeated parameter {name!r}", parameter=name)
        else:
            single[name] = value
    since = single.get("since")
    return Ask(
        None if since is None else _cursor(since),
        checked_kinds(many["kind"]),
        single.get("store_id"),
        frozenset(many["watch"]),
        _bool(single.get("initial", "true")),
        checked_tags(many["tag"]),
    )


def _bool(text: str) -> bool:
    if text not in _BOOLS:
        raise Problem(400, "initial is true or false", parameter="initial")
    return _BOOLS[text]


def checked_watches(names: frozenset[str], watches: Watches) -> frozenset[str]:
    """Return names of watches as a filter (`*`: any); raises Problem 400 that names those there are."""
    if len(names) > _MOST:
        raise Problem(400, f"at most {_MOST} watches", parameter="watch")
    for name in names - {ANY, *watches.names}:
        known = ", ".join(watches.names) or "none is configured"
        raise Problem(400, f"there is no watch {name[:100]!r} ({known})", parameter="watch", known=list(watches.names))
    return names


def checked_kinds(kinds: set[str]) -> frozenset[str]:
    """Return kinds of finding as a filter; raises Problem 400."""
    if len(kinds) > _MOST:
        raise Problem(400, f"at most {_MOST} kinds", parameter="kind")
    for kind in kinds:
        if len(kind) > 100 or not _KIND.fullmatch(kind):
            raise Problem(400, f"{kind[:100]!r} is no kind of finding (such as indicator.listed)", parameter="kind")
    return frozenset(kinds)


def checked_tags(tags: Iterable[str]) -> frozenset[str]:
    """Return tags as a filter; raises Problem 400."""
    kept = frozenset(tags)
    if len(kept) > _MOST:
        raise Problem(400, f"at most {_MOST} tags", parameter="tag")
    for tag in kept:
        if not 0 < len(tag) <= LONGEST_TAG:
            raise Problem(400, f"a tag has 1 to {LONGEST_TAG} characters", parameter="tag")
    return kept


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > _LAST_SEQ:
        raise Problem(400, "since is the seq of a finding: a number from 0", parameter="since")
    return int(text)


async def place(store: Store, ask: Ask) -> int:
    """Return the position to start after; raises Problem 410 for a cursor of another log or ahead of it, or 503.

    A cursor below retention is good here: the stream tells the gap.
    """
    try:
        first, last = await store.findings.bounds()
    except StoreAway:
        raise store_away() from None
    check_store(store, ask.store_id, (first, last))
    if ask.since is None:
        return int(last)
    if ask.since > last:
        raise gone("the cursor is ahead of the log: it belongs to another store", store, (first, last))
    return ask.since


def check_store(store: Store, store_id: str | None, bounds: Sequence[int]) -> None:
    """Raise Problem 410 where a cursor belongs to another store."""
    if store_id is not None and store_id != store.store_id:
        raise gone("the cursor belongs to another store: the log began anew", store, bounds)


def gone(detail: str, store: Store, bounds: Sequence[int]) -> Problem:
    """Return the 410 that says which positions there are."""
    return Problem(410, detail, first=bounds[0], last=bounds[1], store_id=store.store_id)
