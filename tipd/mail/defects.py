"""What was wrong with a mail, or was not looked at: the words of `Record.defects`, and their bits in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CUT = "cut"  # the mail is longer than the limit: its end was not read
LONG_HEADER = "long_header"  # of the mail's header only the first bytes were read
LONG_FIELD = "long_field"  # a field was cut
MANY_PARTS = "many_parts"
DEEP = "deep"  # parts inside parts beyond the limit were not read
LONG_TEXT = "long_text"  # of the text only the beginning was searched
MANY_URLS = "many_urls"
MANY_ADDRESSES = "many_addresses"
MANY_HOPS = "many_hops"
MANY_RECIPIENTS = "many_recipients"  # not all to whom it went are known: views that mask show only what nobody chose
MANY_ATTACHMENTS = "many_attachments"
MANY_INSIDE = "many_inside"  # an archive or message inside was not listed to its end
BAD_MIME = "bad_mime"  # the fast parser refused it
BAD_CHARSET = "bad_charset"  # a charset that does not exist, or bytes that it does not hold
BAD_ARCHIVE = "bad_archive"  # an archive that cannot be listed
UNREAD = "unread"  # no parser made anything of the body
NO_DATE = "no_date"  # nobody says when it came
NO_RELAY = "no_relay"  # nobody says who handed it over
UNMASKED = "unmasked"  # a field was left out because nobody could be sure that it was masked whole
BROKEN = "broken"  # our own fault: only the hash, the time and the size are known

# Stored as bits: words are only ever added, at the end.
WORDS = (
    *(CUT, LONG_HEADER, LONG_FIELD, MANY_PARTS, DEEP, LONG_TEXT, MANY_URLS, MANY_ADDRESSES, MANY_HOPS),
    *(MANY_ATTACHMENTS, MANY_INSIDE, BAD_MIME, BAD_CHARSET, BAD_ARCHIVE, UNREAD, NO_DATE, NO_RELAY, UNMASKED, BROKEN),
    MANY_RECIPIENTS,
)
_BIT = {word: 1 << at for at, word in enumerate(WORDS)}
OTHER = 1 << 62  # a word of a newer release


def bits(words: Iterable[str]) -> int:
    """Return the words as one number; those of a newer release share a bit."""
    found = 0
    for word in words:
        found |= _BIT.get(word, OTHER)
    return found


def words(found: int) -> tuple[str, ...]:
    """Return the words of a number, `other` for those of a newer release."""
    known = tuple(word for word, bit in _BIT.items() if found & bit)
    return (*known, "other") if found & OTHER else known
