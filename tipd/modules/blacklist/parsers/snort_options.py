"""The options of a Snort or Suricata rule: what they say of it, and the whole names that their contents match."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# `name;` or `name:value;`, quotes and backslashes heeded.
_OPTION = re.compile(r'\s*+([\w.-]++)\s*+(?::((?:[^";\\]++|\\.|"(?:[^"\\]++|\\.)*+")*+))?;', re.DOTALL)
_CONTENT = re.compile(r'\s*+(!?)\s*+"((?:[^"\\]++|\\.)*+)"(.*)', re.DOTALL)
_HEX = re.compile(rb"\|([0-9A-Fa-f\s]*+)\|")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NAME = re.compile(r"\.?((?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62})\Z", re.IGNORECASE | re.ASCII)
# Buffer of a sticky option → ours.
_STICKY = {
    **dict.fromkeys(("dns.query", "dns_query"), "dns"),
    **dict.fromkeys(("tls.sni", "tls_sni", "ssl_sni"), "tls"),
    **dict.fromkeys(("http.host", "http.host.raw"), "http"),
}
_BEHIND = {"http_host": "http", "http_raw_host": "http"}  # these stand after the content they are about
_OTHER = re.compile(
    r"(?:http|tls|dns|file|ssh|smb|ftp|krb5|snmp|sip|rfb|mqtt|ja3|ja3s|pkt|raw)[._]\w+|(?:file|pkt)_data\Z"
)
_ENDS = frozenset({"endswith", "bsize"})
_SAID = frozenset({"sid", "rev", "msg", "reference", "classtype", "priority", "metadata"})
_MOST = 500  # options of one rule


class Content(NamedTuple):
    """A text a rule looks for; `whole`: it goes to the buffer's end."""

    buffer: str
    raw: bytes
    whole: bool


class Options:
    """A rule's options: `said` by name (lists where several), `contents` in order."""

    def __init__(self, text: str) -> None:
        """Read them; what cannot be read is left out."""
        self.said: dict[str, Any] = {}
        self.contents: list[Content] = []
        buffer = ""
        for count, match in enumerate(_OPTION.finditer(text)):
            if count == _MOST:
                break
            name, value = match[1].lower(), match[2] or ""
            if name == "content":
                self._content(buffer, value)
            elif name in _STICKY:
                buffer = _STICKY[name]
            elif name in _BEHIND and self.contents:
                self.contents[-1] = self.contents[-1]._replace(buffer=_BEHIND[name])
            elif name in _ENDS or (name == "isdataat" and value.replace(" ", "").startswith("!1")):
                if self.contents:
                    self.contents[-1] = self.contents[-1]._replace(whole=True)
            elif _OTHER.match(name):
                buffer = "http" if name == "http_header" and "field host" in value.lower() else "other"
            elif name in _SAID:
                self._say(name, value)

    def _content(self, buffer: str, value: str) -> None:
        match = _CONTENT.fullmatch(value)
        if match is None or match[1]:
            return
        self.contents.append(Content(buffer, _bytes_of(match[2]), "endswith" in match[3].lower()))

    def _say(self, name: str, value: str) -> None:
        text = value.strip()
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            text = text[1:-1]
        if name == "reference":
            kind, _, place = text.partition(",")
            text = place.strip() if kind.strip().lower() == "url" else text
            self.said.setdefault(name, []).append(text)
        else:
            self.said.setdefault(name, text)


def names_in(options: Options, buffers: frozenset[str], protocol: str) -> Iterator[str]:
    """Yield the names that a rule matches as a whole: one content of its buffer, which goes to the buffer's end.

    Part of a name would list more than the rule means. A query in a packet's bytes ends with the root's empty label.
    """
    for buffer in sorted(buffers):
        mine = [content for content in options.contents if content.buffer == buffer]
        if len(mine) == 1 and mine[0].whole:
            match = _NAME.match(mine[0].raw.decode("latin-1"))
            if match is not None:
                yield match[1]
    if "dns" in buffers and protocol in ("udp", "tcp", "dns"):
        for content in options.contents:
            name = _labels(content.raw) if not content.buffer else None
            if name:
                yield name


def _bytes_of(text: str) -> bytes:
    """Undo `|68 65 78|` and backslashes."""
    raw = text.encode("utf-8", "replace")
    pieces: list[bytes] = []
    at = 0
    for match in _HEX.finditer(raw):
        pieces.append(_ESCAPED.sub(rb"\1", raw[at : match.start()]))
        digits = b"".join(match[1].split())
        pieces.append(bytes.fromhex(digits.decode()) if len(digits) % 2 == 0 else b"")
        at = match.end()
    pieces.append(_ESCAPED.sub(rb"\1", raw[at:]))
    return b"".join(pieces)


def _labels(raw: bytes) -> str | None:
    """Return the name that a whole question's bytes spell (RFC 1035, 4.1.2), None where they are none."""
    labels: list[str] = []
    at = 0
    while at < len(raw) and raw[at]:
        label = raw[at + 1 : at + 1 + raw[at]]
        if raw[at] > 63 or len(label) < raw[at]:
            return None
        labels.append(label.decode("latin-1"))
        at += 1 + raw[at]
    name = ".".join(labels)
    ended = at < len(raw) and not raw[at]
    return name if ended and len(labels) > 1 and _NAME.match(name) else None
