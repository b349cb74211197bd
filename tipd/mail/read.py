"""One mail in, one record out: whatever the bytes are, there is a hash, a time, and what could be read.

Runs in a killable worker process wherever mail is not one's own: what is read here is hostile, and two of the parsers
are written in other languages.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from tipd.mail import authres, body, defects, headers, received, tree, urls
from tipd.mail.artefacts import Artefacts
from tipd.mail.context import Context
from tipd.mail.kind import kind_of
from tipd.mail.limits import DEFAULT, Limits
from tipd.mail.record import Hop, Record
from tipd.model.canonical.suffix import registrable

if TYPE_CHECKING:
    from tipd.mail.parts import Part

__all__ = ["Context", "read"]

_TO = ("to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to", "apparently-to")


def read(raw: bytes, context: Context, limits: Limits = DEFAULT) -> Artefacts:
    """Return what one mail says; never raises.

    `record.at` is when it came: as the context says, else as its top `Received` or `Date` field does, else empty (with
    the defect `no_date`). Should reading fail by a fault of ours, the defect is `broken`.
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    at = headers.written(context.received_at) if context.received_at else ""
    least = Record(sha256=sha256, at=at, size=len(raw), trap=context.trap, parser="none")
    try:
        return _read(raw, least, context, limits)
    except Exception:  # no mail is lost by a fault of ours: its hash and its time are kept, and the defect is counted
        return Artefacts(
            record=msgspec.structs.replace(least, defects=(defects.BROKEN,)), recipients=tuple(context.recipients)
        )


def _read(raw: bytes, least: Record, context: Context, limits: Limits) -> Artefacts:
    root, parser, met = tree.grown(raw, limits)
    said = body.read(root, limits)
    hops = [received.hop(value) for value in root.headers.get("received", ())[: limits.hops]]
    from_ = _address(root, "from")
    found, cut = urls.canonical_all(said.found, limits.urls)
    at = least.at or _moment(root, hops)
    auth = authres.read(
        root.headers.get("authentication-results", ()), context.authserv_id, from_.rpartition("@")[2], registrable
    )
    return_path = root.headers.get("return-path")
    relay = received.relay(hops, context.own)
    record = msgspec.structs.replace(
        least,
        at=at,
        class_=kind_of(
            root, from_, _address(root, "return-path") if return_path else None, aligned=bool(auth and auth.aligned)
        ),
        subject=headers.display(root.first("subject"), limits.field),
        from_=from_,
        reply_to=_address(root, "reply-to"),
        return_path=_address(root, "return-path"),
        relay=relay,
        received=tuple(hops),
        auth=auth,
        urls=tuple(found),
        hosts=tuple(urls.hosts(found)),
        parser=parser,
        defects=_words(
            [
                *met,
                *said.defects,
                *([defects.MANY_URLS] if cut else ()),
                *([] if at else [defects.NO_DATE]),
                *([] if relay else [defects.NO_RELAY]),
            ]
        ),
    )
    return Artefacts(record=record, recipients=_recipients(root, context, limits))


def _address(root: Part, name: str) -> str:
    return next(iter(headers.addresses(root.headers.get(name, ())[:1], 1)), "")


def _moment(root: Part, hops: list[Hop]) -> str:
    """Return when the mail came as its own fields say: as our host wrote (the top hop), else as the sender says."""
    moment = next((hop.at for hop in hops if hop.at), "")
    if moment:
        return moment
    date = headers.date(root.first("date"))
    return headers.written(date) if date else ""


def _recipients(root: Part, context: Context, limits: Limits) -> tuple[str, ...]:
    found = [value for name in _TO for value in root.headers.get(name, ())]
    known = [one.lower() for one in context.recipients]
    return tuple(dict.fromkeys([*known, *headers.addresses(found, limits.addresses)]))


def _words(met: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(met))
