"""What mails of one campaign have in common, as 64-bit keys: where they lead to, what they carry, how they are worded.

A mail has several; mails that share one are of one campaign. What half the world's mails have in common is no key:
hosts where strangers put their pages, small pictures and signatures, no text at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xxhash

from tipd.model.canonical.suffix import registrable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tipd.mail.record import Attachment, Record
    from tipd.modules.spamtrap.judging import Link

MOST_FILES = 4  # attachments of one mail that are keys
SMALLEST_FILE = 1024  # bytes
SMALLEST_PICTURE = 16 * 1024  # logos and pixels are everybody's
SHORTEST_SUBJECT = 16  # characters
LENGTH = 64  # hex digits of a SHA-256
_SIGN, _WRAP = 1 << 63, 1 << 64


def keys_of(record: Record, links: Sequence[Link]) -> tuple[int, ...]:
    """Return the keys of a mail, strongest first; none where it has nothing of its own.

    Where it leads to: the domains people registered, whatever their sub-domains and paths, so that a million tokens
    are one key and every view of the same mail gives the same. Its subject counts only where there is nothing else.
    """
    found: list[int] = []
    apexes = sorted({_apex(link.host) for link in links if not link.shared})
    if apexes:
        found.append(_key(b"u", " ".join(apexes)))
    found += [_key(b"a", one.sha256) for one in files_of(record.attachments)]
    if record.template:
        found.append(_key(b"t", record.template))
    if not found and record.subject_hash and len(record.subject) >= SHORTEST_SUBJECT:
        found.append(_key(b"s", record.subject_hash))
    return tuple(dict.fromkeys(found))


def _apex(host: str) -> str:
    name = host.removeprefix("*.")
    return registrable(name) if name[-1:].isalpha() else name


def files_of(attachments: Iterable[Attachment]) -> list[Attachment]:
    """Return those attachments that tell a campaign: not what is too small to be its own."""
    return [one for one in attachments if len(one.sha256) == LENGTH and one.size >= _smallest(one)][:MOST_FILES]


def _smallest(one: Attachment) -> int:
    is_picture = (one.real or one.declared).lower().startswith("image/")
    return SMALLEST_PICTURE if is_picture else SMALLEST_FILE


def _key(kind: bytes, text: str) -> int:
    """Return a signed key; the same everywhere, so that campaigns match between hosts and people."""
    key = xxhash.xxh3_64_intdigest(kind + text.encode("utf-8", "surrogatepass"))
    return key - _WRAP if key >= _SIGN else key
