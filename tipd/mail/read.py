"""One mail in, one record out: whatever the bytes are, there is a hash, a time, and what could be read.

Runs in a killable worker process wherever mail is not one's own: what is read here is hostile, and two of the parsers
are written in other languages.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.mail import attachments, authres, body, defects, hashes, headers, received, recipients, tree, urls
from tipd.mail.artefacts import Artefacts
from tipd.mail.context import Context
from tipd.mail.kind import kind_of
from tipd.mail.limits import DEFAULT, Limits
from tipd.mail.record import Record
from tipd.model.canonical.suffix import registrable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.mail.parts import Part
    from tipd.mail.record import Auth, Hop, MailClass, Relay

__all__ = ["Context", "read"]


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
            record=msgspec.structs.replace(least, defects=(defects.BROKEN,)),
            recipients=tuple(dict.fromkeys(map(str.lower, context.recipients))),
        )


def _read(raw: bytes, least: Record, context: Context, limits: Limits) -> Artefacts:
    root, parser, met = tree.grown(raw, limits)
    said = body.read(root, limits)
    found, cut = urls.canonical_all(said.urls, limits.urls)
    files = attachments.listed(said.parts, limits)
    met += (*said.defects, *files.defects)
    if cut:
        met.append(defects.MANY_URLS)
    sent = _sent(root, least.at, context, limits, met)
    given_to = _recipients(root, context, limits, met)
    hashed = hashes.of(said.text, found, sent.subject, given_to)
    record = Record(
        sha256=least.sha256,
        at=sent.at,
        size=least.size,
        class_=sent.class_,
        trap=least.trap,
        subject=sent.subject,
        subject_hash=hashed.subject,
        from_=sent.from_,
        reply_to=_address(root, "reply-to"),
        return_path=sent.return_path,
        relay=sent.relay,
        received=sent.received,
        auth=sent.auth,
        urls=tuple(found),
        hosts=tuple(urls.hosts(found)),
        mails=tuple(said.mails),
        attachments=files.attachments,
        text_hash=hashed.text,
        template=hashed.template,
        defects=tuple(dict.fromkeys(met)) if met else (),
        parser=parser,
    )
    return Artefacts(record=record, recipients=tuple(given_to))


class _Sent(NamedTuple):
    """What the header says: who sent it by which way, when, and what kind of mail it is."""

    at: str
    class_: MailClass
    subject: str
    from_: str
    return_path: str
    relay: Relay | None
    received: tuple[Hop, ...]
    auth: Auth | None


def _sent(root: Part, at: str, context: Context, limits: Limits, met: list[str]) -> _Sent:
    lines = root.headers.get("received", ())
    hops = tuple(map(received.hop, lines[: limits.hops]))
    relay = received.relay(hops, context.own)
    title, from_, path = root.first("subject"), _address(root, "from"), _address(root, "return-path")
    results = root.headers.get("authentication-results", ())
    auth = authres.read(results, context.authserv_id, from_.rpartition("@")[2], registrable) if results else None
    at = at or _moment(root, hops)
    if len(lines) > limits.hops:
        met.append(defects.MANY_HOPS)
    if len(title) > limits.field:
        met.append(defects.LONG_FIELD)
    if not at:
        met.append(defects.NO_DATE)
    if relay is None:
        met.append(defects.NO_RELAY)
    known_path = path if root.headers.get("return-path") else None
    kind = kind_of(root, from_, known_path, aligned=auth is not None and auth.aligned)
    return _Sent(at, kind, headers.display(title, limits.field), from_, path, relay, hops, auth)


def _address(root: Part, name: str) -> str:
    return next(iter(headers.addresses(root.headers.get(name, ())[:1], 1)), "")


def _moment(root: Part, hops: Sequence[Hop]) -> str:
    """Return when the mail came as its own fields say: as our host wrote (the top hop), else as the sender says."""
    moment = next((hop.at for hop in hops if hop.at), "")
    if moment:
        return moment
    return headers.moment(root.first("date"))


def _recipients(root: Part, context: Context, limits: Limits, met: list[str]) -> list[str]:
    """Return whom the mail was sent or delivered to, as far as anybody says so, in lower case."""
    found = dict.fromkeys(map(str.lower, context.recipients))
    written, whole = recipients.named(root.headers)
    if len(written) >= limits.addresses or not whole:
        met.append(defects.MANY_RECIPIENTS)
    found |= dict.fromkeys(islice(written, limits.addresses))
    return list(found)
