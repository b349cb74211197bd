"""Puts a keyed HMAC where an address or a name of a mail's recipients stands, wherever it hides.

First a text is read in all ways (`tipd.mail.hiding`); where no reading holds anything of a recipient, it stays as it
is. Else what stands in clear is replaced, then every word that still hides something, then whatever lies between
blanks; what even then is not clean is left out. So a text that comes out is one in which no reading finds anything.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tipd.mail import hiding, needles, shapes, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

CONSTANT = "{m}"  # stands for any recipient where there is no key
LONGEST = 64 * 1024  # characters of a text that can be searched: of a longer one nothing is kept
_FINE = re.compile(r"[^\s<>()\[\]\"',;:/?&=#|]+")
_COARSE = re.compile(r"\S+")
_MARK = re.compile(r"(hmac:[0-9a-f]{16}|\{[mt]\})")


class Unsure(Exception):
    """A text in which something of a recipient may still hide after all that could be replaced was."""


@lru_cache(maxsize=8192)
def tag(key: bytes | None, value: str) -> str:
    """Return what stands for an address (lower case): `hmac:` and 64 bits of its HMAC-SHA256, or a constant."""
    if key is None:
        return CONSTANT
    local, at, domain = value.rpartition("@")
    bare = (local.partition("+")[0] or local) + at + domain
    return "hmac:" + hmac.new(key, bare.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]


class Mask:
    """Masks for one mail: its recipients, and domains that are to be hidden whole (a trap's own).

    `key` None puts a constant instead of HMACs: for what is hashed and must be equal on every host.
    """

    def __init__(self, key: bytes | None, recipients: Iterable[str], domains: Iterable[str] = ()) -> None:
        self._tags = {one.lower(): tag(key, one.lower()) for one in recipients if one}
        searched = [(needles.of_address(one), mark) for one, mark in self._tags.items()]
        searched += [(needles.of_domain(one.lower()), tag(key, one.lower())) for one in domains if one]
        self._search(searched)

    def _search(self, searched: list[tuple[needles.Needles, str]]) -> None:
        self._searched = searched
        self._plain = tuple(dict.fromkeys(needle for found, _ in searched for needle in found.plain))
        self._coded = tuple(dict.fromkeys(needle for found, _ in searched for needle in (*found.coded, *found.maybe)))
        self._maybe = tuple((needle, found) for found, _ in searched for needle in found.maybe)

    @property
    def recipients(self) -> tuple[str, ...]:
        """What stands for each recipient, each once."""
        return tuple(dict.fromkeys(self._tags.values()))

    def finds(self, text: str) -> bool:
        """Say whether a text holds anything of a recipient, in any reading."""
        if not self._searched or not text:
            return False
        if len(text) > LONGEST:
            return True
        forms = hiding.forms(text)
        plain = b"\n".join([hiding.collapsed(form.casefold()) for form in forms])
        for needle in self._plain:
            if needle in plain:
                return True
        for needle, found in self._maybe:
            if needle in plain and found.stands_in(forms):
                return True
        coded = hiding.decodings(forms[0])
        return any(needle in coded for needle in self._coded)

    def finds_any(self, texts: Iterable[str]) -> bool:
        """Say whether any of several texts holds anything; they are searched together."""
        if not self._searched:
            return False
        together: list[str] = []
        length = 0
        for text in texts:
            if length + len(text) >= LONGEST and together:
                if self.finds("\n".join(together)):
                    return True
                together, length = [], 0
            together.append(text)
            length += len(text) + 1
        return self.finds("\n".join(together))

    def text(self, text: str) -> str:
        """Return a text masked, long tokens cut to `{t}`; raises Unsure."""
        return tokens.cut_long(self._certain(text) if self.finds(text) else text)

    def words(self, text: str) -> str:
        """Return a long text in which what stands in clear is masked, quickly: for hashing, never for showing.

        Words that are somebody's local part and everybody's words (`info`) stay: what is hashed is to be equal
        whoever got it.
        """
        text = hiding.visible(text)
        plain = hiding.collapsed(text.casefold())
        for found, mark in self._searched:
            if not found.common and "".join(found.pieces or (found.host,)).encode() in plain:
                text = found.patterns[0].sub(_put(mark), text)
        return text

    def _in_clear(self, text: str) -> str:
        text = hiding.visible(text)
        for found, mark in self._searched:
            for pattern in found.patterns:
                text = pattern.sub(_put(mark), text)
        return text

    def address(self, address: str) -> str:
        """Return a mail address masked, tokens of its local part and its host cut; raises Unsure."""
        if not address:
            return address
        known = self._tags.get(address.lower())
        if known is not None:
            return known
        local, at, host = (self._certain(address) if self.finds(address) else address).rpartition("@")
        return f"{self._cut(local)}{at}{shapes.folded_host(host)}" if at else self._cut(host)

    def url(self, url: str) -> str:
        """Return a URL masked and its opaque tokens cut to `{t}`; raises Unsure."""
        url = shapes.spelt_out(shapes.shortened(url))
        if not self.finds(url):
            return shapes.masked(url)
        pieces = shapes.apart(url)
        found = pieces._replace(
            user=tokens.TOKEN + "@" if pieces.user else "",
            host=self.host(pieces.host),
            path="/".join(map(self._piece, pieces.path.split("/"))),
            query="&".join("=".join(map(self._piece, part.split("=", 1))) for part in pieces.query.split("&")),
            fragment=self._piece(pieces.fragment),
        )
        masked = shapes.joined(found)
        if self.finds(masked):  # it lies across the pieces
            masked = shapes.joined(found._replace(path="/" + tokens.TOKEN, query="", fragment=""))
        return self._clean(masked)

    def origin(self, url: str) -> str:
        """Return of a URL only its scheme, host and port; raises Unsure."""
        pieces = shapes.apart(url)
        return f"{pieces.before}{self.host(pieces.host)}{pieces.port}/"

    def host(self, host: str) -> str:
        """Return a host with tokens and names of recipients folded to `*`; raises Unsure."""
        folded = shapes.folded_host(host)
        if not self.finds(folded):
            return folded
        return self._clean(shapes.under_apex(host))

    def _piece(self, piece: str) -> str:
        if not self.finds(piece):
            return tokens.cut(piece)
        return self._cut(self._certain(piece))

    def _cut(self, text: str) -> str:
        """Cut tokens beside what stands for recipients."""
        return "".join(part if at % 2 else tokens.cut(part) for at, part in enumerate(_MARK.split(text)))

    def _certain(self, text: str) -> str:
        if len(text) > LONGEST:
            raise Unsure("a text too long to be searched")
        found = self._in_clear(self._in_clear(text))  # two that share a sign between them
        if self.finds(found):
            parts = _MARK.split(found)
            parts[::2] = [_FINE.sub(lambda match: self._hidden(match[0]), part) for part in parts[::2]]
            found = "".join(parts)
        if self.finds(found):
            found = _COARSE.sub(lambda match: self._hidden(match[0]), found)
        return self._clean(found)

    def _hidden(self, word: str) -> str:
        if _MARK.fullmatch(word) or not self.finds(word):
            return word
        for found, mark in self._searched:
            one = Mask(None, ())
            one._search([(found, mark)])
            if one.finds(word):
                return mark
        return tokens.TOKEN

    def _clean(self, text: str) -> str:
        if self.finds(text):
            raise Unsure("something of a recipient may still be in it")
        return text


NOBODY = Mask(None, ())


def _put(mark: str) -> str:
    return rf"\1{mark}\2"
