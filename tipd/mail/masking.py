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
    from collections.abc import Iterable, Iterator, Sequence

CONSTANT = "{m}"  # stands for any recipient where there is no key
LONGEST = 64 * 1024  # characters of a text that can be searched: of a longer one nothing is kept
_FINE = re.compile(r"[^\s<>()\[\]\"',;:/?&=#|]+")
_COARSE = re.compile(r"\S+")
_DIGEST = re.compile(r"(?<![A-Za-z0-9])[0-9a-fA-F]{32,64}(?![A-Za-z0-9])")
SHORTEST_DIGEST = 32
# Of a text also a piece of a digest, or one written as a UUID: in URLs and addresses those are cut as tokens.
_PIECE = re.compile(r"(?<![A-Za-z0-9:])[0-9a-fA-F](?:-?[0-9a-fA-F]){9,63}(?![A-Za-z0-9])")
SHORTEST_PIECE = 10
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
        self._found: dict[str, bool] = {}  # the URLs of a mail have much in common
        self._plain = tuple(dict.fromkeys(needle for found, _ in searched for needle in found.plain))
        self._coded = tuple(dict.fromkeys(needle for found, _ in searched for needle in (*found.coded, *found.maybe)))
        self._words = tuple(dict.fromkeys(needle for found, _ in searched for needle in found.maybe))
        self._maybe = tuple(found for found, _ in searched if found.maybe)

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
        found = self._found.get(text)
        if found is None:
            forms = hiding.forms(text)
            found = self._found[text] = self._in_plain(forms) or self._in_coded(forms[0])
        return found

    def _in_plain(self, forms: list[str]) -> bool:
        lowered = [form.casefold() for form in forms]
        plain = b"\n".join(map(hiding.collapsed, lowered))
        for needle in self._plain:
            if needle in plain:
                return True
        return any(found.stands_in(plain, lowered) for found in self._maybe)

    def _in_coded(self, form: str) -> bool:
        coded = hiding.decodings(form)
        return any(needle in coded for needle in self._coded)

    def suspects(self, texts: Sequence[str]) -> frozenset[str]:
        """Return those of several texts that hold anything.

        They are searched together, a line each: most mails name their recipients nowhere but where they say to whom
        they go, or in one place.
        """
        if not self._searched or not texts:
            return frozenset()
        if sum(map(len, texts)) + len(texts) > LONGEST:
            return frozenset(filter(self.finds, texts))
        forms = hiding.forms("\n".join(texts))
        if self._in_coded(forms[0]):
            return frozenset(filter(self.finds, texts))
        plain = [hiding.collapsed(form.casefold()) for form in forms]
        if all(form.count(b"\n") == len(texts) - 1 for form in plain):
            sure = {texts[line] for form in plain for line in _lines(form, self._plain)}
            maybe = {texts[line] for form in plain for line in _lines(form, self._words)} - sure
            return frozenset(sure.union(filter(self._finds_plain, maybe)))
        return frozenset(filter(self._finds_plain, texts))

    def _finds_plain(self, text: str) -> bool:
        return self._in_plain(hiding.forms(text))

    def text(self, text: str, *, suspected: bool = True) -> str:
        """Return a text masked, long tokens cut to `{t}`; raises Unsure.

        `suspected` false: it was searched already, and there is nothing of a recipient in it.
        """
        found = self._certain(text) if suspected else text
        if len(found) >= SHORTEST_PIECE:
            found = _PIECE.sub(self._digest, found)
        return tokens.cut_long(found)

    def words(self, text: str) -> str:
        """Return a long text in which what stands in clear is masked, quickly: for hashing, never for showing.

        Words that are somebody's local part and everybody's words (`info`) stay: what is hashed is to be equal
        whoever got it.
        """
        text = hiding.visible(text)
        plain = hiding.collapsed(text.casefold())
        for found, mark in self._searched:
            if not found.common and found.may_stand_in(plain):
                text = found.replaced(text, mark)
        return text

    def _in_clear(self, text: str) -> str:
        """Return a text with what stands in clear replaced."""
        text = hiding.visible(text)
        plain = hiding.collapsed(text.casefold())
        for found, mark in self._searched:
            if found.may_stand_in(plain):
                text = found.replaced(text, mark)
        return text

    def address(self, address: str, *, suspected: bool = True) -> str:
        """Return a mail address masked, tokens of its local part and its host cut; raises Unsure."""
        if not address:
            return address
        known = self._tags.get(address.lower())
        if known is not None:
            return known
        found = self._certain(address) if suspected else address
        local, at, host = found.rpartition("@")
        return f"{self._cut(local)}{at}{shapes.folded_host(host)}" if at else self._cut(host)

    def url(self, url: str, *, suspected: bool = True) -> str:
        """Return a URL masked and its opaque tokens cut to `{t}`; raises Unsure."""
        if not suspected:
            masked = shapes.masked(url)
            if tokens.TOKEN not in masked or (bare := self._digested(url)) == url:
                return masked
            url = bare
        pieces = shapes.apart(shapes.spelt_out(shapes.shortened(url)))
        before = f"{pieces.before}{tokens.TOKEN + '@' if pieces.user else ''}"
        before += self.host(pieces.host, suspected=suspected) + pieces.port
        rest = shapes.joined(pieces._replace(before="", user="", host="", port=""))
        rest = self._in_clear(rest) if suspected else rest
        whole = suspected and self.finds(rest)
        masked = before + "".join([*map(self._piece if whole else self._cut, shapes.delimited(rest))])
        if suspected and self.finds(masked):  # it lies across the pieces
            masked = f"{before}/{tokens.TOKEN}"
            return self._clean(masked)
        return masked

    def origin(self, url: str, *, suspected: bool = True) -> str:
        """Return of a URL only its scheme, host and port; raises Unsure."""
        pieces = shapes.apart(url)
        return f"{pieces.before}{self.host(pieces.host, suspected=suspected)}{pieces.port}/"

    def host(self, host: str, *, suspected: bool = True) -> str:
        """Return a host with tokens and names of recipients folded to `*`; raises Unsure."""
        folded = shapes.folded_host(host)
        if not suspected or not self.finds(folded):
            return folded
        return self._clean(shapes.under_apex(host))

    def _piece(self, piece: str) -> str:
        return self._cut(self._certain(piece) if self.finds(piece) else piece)

    def _cut(self, text: str) -> str:
        """Cut tokens beside what stands for recipients."""
        if "hmac:" not in text and len(text) < SHORTEST_DIGEST:
            return tokens.cut(text)
        parts = _MARK.split(self._digested(text))
        return "".join([part if at % 2 else tokens.cut(part) for at, part in enumerate(parts)])

    def _digested(self, text: str) -> str:
        """Return a text with digests of recipients replaced: they would be cut as tokens, but they say who is meant."""
        return _DIGEST.sub(self._digest, text) if len(text) >= SHORTEST_DIGEST else text

    def _digest(self, match: re.Match[str]) -> str:
        value = match[0].lower().replace("-", "")
        return next((mark for one, mark in self._tags.items() if value in needles.digests(one)), match[0])

    def _certain(self, text: str) -> str:
        if len(text) > LONGEST:
            raise Unsure("a text too long to be searched")
        found = self._in_clear(text)
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


def _lines(plain: bytes, searched: Iterable[bytes]) -> Iterator[int]:
    """Yield the numbers of the lines in which any of the needles stands."""
    for needle in searched:
        at = plain.find(needle)
        while at >= 0:
            yield plain.count(b"\n", 0, at)
            at = plain.find(b"\n", at)
            at = plain.find(needle, at) if at >= 0 else -1
