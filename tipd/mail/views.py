"""What of a mail a view shows: its fields, masked. Nothing leaves a mail host but through `apply`.

Every view masks but the one that is named `full`. Where masking cannot be sure of a field, the field is left out and
the record has the defect `unmasked`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.mail import defects
from tipd.mail.masking import Mask, Unsure
from tipd.mail.record import Attachment, Auth, Dkim, Hop, Record, Relay
from tipd.mail.view import FULL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.mail.artefacts import Artefacts
    from tipd.mail.view import View

_ALWAYS = frozenset({"format", "sha256", "at", "size", "defects"})
_AS_THEY_ARE = ("class_", "trap", "subject_hash", "text_hash", "template", "parser")
_ATTRIBUTE = {field.encode_name: field.name for field in msgspec.structs.fields(Record)}
_UNSURE_ANYWAY = frozenset({defects.MANY_ADDRESSES, defects.BROKEN})


def apply(view: View, name: str, key: bytes, artefacts: Artefacts, domains: Sequence[str] = ()) -> Record:
    """Return the record a view shows of one mail.

    `name`: of the view; `key`: of its HMACs; `domains`: the operator's trap domains, hidden whole in masked views.
    """
    record = artefacts.record
    shown = _shown(tuple(view.fields))
    if name == FULL:
        mask = Mask(key, artefacts.recipients)
        kept = {field: getattr(record, field) for field in shown if field != "recipients"}
        unsure = False
    else:
        mask = Mask(key, artefacts.recipients, domains)
        kept, unsure = _masked(record, mask, shown)
    if "recipients" in shown:
        kept["recipients"] = mask.recipients
    met = record.defects if not unsure else tuple(dict.fromkeys([*record.defects, defects.UNMASKED]))
    return Record(format=record.format, sha256=record.sha256, at=record.at, size=record.size, defects=met, **kept)


@lru_cache(maxsize=64)
def _shown(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes a view chooses of a record, but for those that always stand in it."""
    keys = fields or tuple(_ATTRIBUTE)
    return tuple(_ATTRIBUTE[key] for key in keys if key in _ATTRIBUTE and key not in _ALWAYS)


def _masked(record: Record, mask: Mask, shown: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
    """Return the shown fields masked, and whether any was left out."""
    kept: dict[str, Any] = {}
    unsure = not _UNSURE_ANYWAY.isdisjoint(record.defects)
    for field in shown:
        value = getattr(record, field)
        if field in _AS_THEY_ARE:
            kept[field] = value
        elif value and field in _FIELDS:
            try:
                kept[field] = _FIELDS[field](mask, value)
            except Unsure:
                unsure = True
    return kept, unsure


def _each(one: Callable[[Mask, Any], Any]) -> Callable[[Mask, Any], tuple[Any, ...]]:
    def all_of(mask: Mask, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(one(mask, value) for value in values))

    return all_of


def _hop(mask: Mask, hop: Hop) -> Hop:
    return Hop(
        by=mask.text(hop.by), from_=mask.text(hop.from_), helo=mask.text(hop.helo), address=hop.address, at=hop.at
    )


def _relay(mask: Mask, relay: Relay) -> Relay:
    return Relay(address=relay.address, name=mask.text(relay.name), helo=mask.text(relay.helo))


def _auth(mask: Mask, auth: Auth) -> Auth:
    signatures = tuple(Dkim(domain=mask.text(one.domain), result=one.result) for one in auth.dkim)
    return msgspec.structs.replace(auth, spf_domain=mask.text(auth.spf_domain), dkim=signatures)


def _attachment(mask: Mask, one: Attachment) -> Attachment:
    within = tuple(_attachment(mask, inner) for inner in one.inside)
    return msgspec.structs.replace(one, name=mask.text(one.name), declared=mask.text(one.declared), inside=within)


_FIELDS: dict[str, Callable[[Mask, Any], Any]] = {
    "subject": Mask.text,
    "from_": Mask.address,
    "reply_to": Mask.address,
    "return_path": Mask.address,
    "relay": _relay,
    "received": _each(_hop),
    "auth": _auth,
    "urls": _each(Mask.url),
    "hosts": _each(Mask.host),
    "mails": _each(Mask.address),
    "attachments": _each(_attachment),
}
