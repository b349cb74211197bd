"""What of a mail a view shows: its fields, masked. Nothing leaves a mail host but through `apply`.

Every view masks but the one that is named `full`. What cannot be masked for sure is left out, and the record has the
defect `unmasked`. Where not all recipients are known (there were too many, or the header was not read to its end), only
what no sender chose is shown.
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
    from collections.abc import Callable, Iterator, Sequence

    from tipd.mail.artefacts import Artefacts
    from tipd.mail.view import View

GUESSED = 1024  # bytes of a file that may hold little but an address: whoever has its hash tries all he knows
_ALWAYS = frozenset({"format", "sha256", "at", "size", "defects"})
_AS_THEY_ARE = ("class_", "trap", "subject_hash", "text_hash", "template", "parser")
_ATTRIBUTE = {field.encode_name: field.name for field in msgspec.structs.fields(Record)}
_SOME_UNKNOWN = frozenset({defects.MANY_RECIPIENTS, defects.LONG_HEADER, defects.UNREAD, defects.BROKEN})


def apply(view: View, name: str, key: bytes, artefacts: Artefacts, domains: Sequence[str] = ()) -> Record:
    """Return the record a view shows of one mail.

    `name`: of the view; `key`: of its HMACs; `domains`: the operator's trap domains, hidden whole in masked views.
    """
    record, shown = artefacts.record, _shown(tuple(view.fields))
    met = record.defects
    if name == FULL:
        mask = Mask(key, artefacts.recipients)
        kept = {field: getattr(record, field) for field in shown}
    else:
        mask = Mask(key, artefacts.recipients, domains)
        careful = Careful(mask)
        kept = careful.fields(record, shown)
        if careful.unsure:
            met = tuple(dict.fromkeys([*met, defects.UNMASKED]))
    if "recipients" in shown:
        kept["recipients"] = mask.recipients
    return Record(format=record.format, sha256=record.sha256, at=record.at, size=record.size, defects=met, **kept)


@lru_cache(maxsize=64)
def _shown(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes a view chooses of a record, but for those that always stand in it."""
    keys = fields or tuple(_ATTRIBUTE)
    return tuple(_ATTRIBUTE[key] for key in keys if key in _ATTRIBUTE and key not in _ALWAYS)


_Fields = dict[str, "Callable[[Careful, Any], Any]"]


class Careful:
    """Masks the fields of one record; `unsure` once a value had to be left out."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self._suspects: frozenset[str] = frozenset()
        self.unsure = False

    def fields(self, record: Record, shown: tuple[str, ...]) -> dict[str, Any]:
        """Return the shown fields, masked.

        Most mails name their recipients nowhere but where they say to whom they go, or in few places: all texts are
        searched together, and only those in which there is something are looked at.
        """
        kept = {field: getattr(record, field) for field in shown if field in _AS_THEY_ARE}
        masked = _MASKED
        if not _SOME_UNKNOWN.isdisjoint(record.defects):
            masked, self.unsure = _OF_STRANGERS, True
        values = [(field, value) for field in shown if field in masked and (value := getattr(record, field))]
        self._suspects = self.mask.suspects([text for _, value in values for text in _texts(value)])
        for field, value in values:
            kept[field] = masked[field](self, value)
        return kept

    def sure(self, mask: Callable[..., str], value: str) -> str:
        """Return a value masked, empty where that is not sure."""
        try:
            return mask(value, suspected=value in self._suspects)
        except Unsure:
            self.unsure = True
            return ""

    def text(self, value: str) -> str:
        """Return a text masked."""
        return self.sure(self.mask.text, value) if value else value

    def address(self, value: str) -> str:
        """Return a mail address masked."""
        return self.sure(self.mask.address, value)

    def addresses(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return mail addresses masked, each once."""
        return _each(self.sure(self.mask.address, value) for value in values)

    def urls(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return URLs masked, each once."""
        return _each(self.sure(self.mask.url, value) for value in values)

    def origins(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return of URLs only where they lead."""
        return _each(self.sure(self.mask.origin, value) for value in values)

    def hosts(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return hosts masked, each once."""
        return _each(self.sure(self.mask.host, value) for value in values)

    def relay(self, relay: Relay) -> Relay:
        """Return the relay with its names masked."""
        return Relay(address=relay.address, name=self.text(relay.name), helo=self.text(relay.helo))

    def received(self, hops: tuple[Hop, ...]) -> tuple[Hop, ...]:
        """Return the chain with its names masked."""
        return tuple(
            Hop(
                by=self.text(hop.by),
                from_=self.text(hop.from_),
                helo=self.text(hop.helo),
                address=self.number(hop.address),
                at=hop.at,
            )
            for hop in hops
        )

    def number(self, address: str) -> str:
        """Return the address of a host; letters can be written into one of 128 bits, and who writes hops chooses it."""
        if ":" in address and self.mask.finds(address):
            self.unsure = True
            return ""
        return address

    def received_bare(self, hops: tuple[Hop, ...]) -> tuple[Hop, ...]:
        """Return of the chain only addresses and times."""
        return tuple(Hop(address=self.number(hop.address), at=hop.at) for hop in hops)

    def auth(self, auth: Auth) -> Auth:
        """Return results with their domains masked."""
        signatures = tuple(Dkim(domain=self.text(one.domain), result=one.result) for one in auth.dkim)
        return msgspec.structs.replace(auth, spf_domain=self.text(auth.spf_domain), dkim=signatures)

    def attachments(self, files: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        """Return files with their names masked; their hashes stay, but for those of files that can be guessed."""
        return tuple(
            msgspec.structs.replace(
                one,
                name=self.text(one.name),
                declared=self.text(one.declared),
                sha256=one.sha256 if one.size >= GUESSED else "",
                inside=self.attachments(one.inside),
            )
            for one in files
        )

    def attachments_bare(self, files: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        """Return files without their names."""
        return tuple(
            msgspec.structs.replace(
                one,
                name="",
                declared="",
                sha256=one.sha256 if one.size >= GUESSED else "",
                inside=self.attachments_bare(one.inside),
            )
            for one in files
        )


_MASKED: _Fields = {
    "subject": Careful.text,
    "from_": Careful.address,
    "reply_to": Careful.address,
    "return_path": Careful.address,
    "relay": Careful.relay,
    "received": Careful.received,
    "auth": Careful.auth,
    "urls": Careful.urls,
    "hosts": Careful.hosts,
    "mails": Careful.addresses,
    "attachments": Careful.attachments,
}
_OF_STRANGERS: _Fields = {
    "relay": Careful.relay,
    "received": Careful.received_bare,
    "auth": Careful.auth,
    "urls": Careful.origins,
    "hosts": Careful.hosts,
    "attachments": Careful.attachments_bare,
}


def _each(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _texts(value: Any) -> Sequence[str]:
    """Return all texts of a field's value that a sender may have chosen."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Relay):
        return (value.name, value.helo)
    if isinstance(value, Auth):
        return (value.spf_domain, *(one.domain for one in value.dkim))
    if isinstance(value[0], str):
        return tuple(value)
    if isinstance(value[0], Hop):
        return [text for hop in value for text in (hop.by, hop.from_, hop.helo) if text]
    found: list[str] = []
    for file in value:
        found += (file.name, file.declared, *(_texts(file.inside) if file.inside else ()))
    return found
