"""The console's pages and files, out of the package: jinja2 with autoescape, files kept in memory with their hashes."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tipd.model.spam import CAMPAIGN, URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.model.finding import Finding

_SAID = ("class", "malware", "port", "status", "confidence", "first_seen", "last_seen", "reference")
MOST_TOLD = 300  # characters of a finding's own words
_CAMPAIGN = re.compile(r"[0-9a-f]{16}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of the console; `tag` changes with its bytes."""

    body: bytes
    content_type: str
    tag: str


class Pages:
    """Templates and files."""

    def __init__(self, version: str) -> None:
        """Load everything once."""
        self.files = dict(_files())
        self._environment = Environment(
            loader=PackageLoader("tipd.api", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            enable_async=False,
        )
        self._environment.globals["file"] = self._address
        self._environment.globals["version"] = version
        self._environment.filters["when"] = when
        self._environment.filters["number"] = number
        self._environment.filters["fact_name"] = fact_name
        self._environment.filters["fact"] = fact
        self._environment.filters["said"] = said
        self._environment.filters["tame"] = tame
        self._environment.filters["told"] = told
        self._environment.filters["campaign"] = campaign
        self._environment.filters["lasting"] = lasting

    def render(self, template: str, **values: Any) -> bytes:
        """Return a page; every value is escaped."""
        return self._environment.get_template(template).render(**values).encode()

    def _address(self, name: str) -> str:
        return f"/static/{name}?v={self.files[name].tag}"


def _files() -> list[tuple[str, File]]:
    found = []
    for entry in (resources.files("tipd.api") / "static").iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in _TYPES:
            body = entry.read_bytes()
            tag = base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:12]).decode()
            found.append((entry.name, File(body, _TYPES[suffix], tag)))
    return found


def when(at: datetime | str | None) -> str:
    """Return a moment as the console shows it, in UTC; an empty text for none."""
    if at is None or at == "":
        return ""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def number(value: float) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def told(finding: Finding) -> str:
    """Return what a finding without a subject says, in few words; live.js says the same."""
    facts = finding.data
    if finding.kind == "source.loaded":
        return f"{facts.get('entries', 0):,} entries"
    if finding.kind == CAMPAIGN:
        return tame(f"{facts.get('mails', 0):,} mails: {facts.get('subject') or 'without a subject'}"[:MOST_TOLD])
    version = f"version {facts['version']}" if facts.get("version") else ""
    why = facts.get("why") or facts.get("error") or facts.get("detail")
    records = facts.get("records")
    mails = f"{records:,} mails" if isinstance(records, int) else ""
    words = (version, facts.get("new") or facts.get("reason"), why, mails)
    return tame(": ".join(str(word) for word in words if word)[:MOST_TOLD])


def campaign(finding: Finding) -> str:
    """Return the name of the campaign that a finding tells of, empty where it tells of none."""
    name = str(finding.data.get("campaign", ""))
    return name if finding.kind in {CAMPAIGN, URL} and _CAMPAIGN.fullmatch(name) else ""


def tame(text: str) -> str:
    """Return what a stranger wrote with all that cannot be seen spelled out: what turns the direction of writing, too.

    Escaping for HTML is not done here; templates do that to every value.
    """
    return text if text.isprintable() else "".join(char if char.isprintable() else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"


def lasting(seconds: float) -> str:
    """Return how long something lasts, in the largest unit of which it has two."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def fact_name(key: str) -> str:
    """Return a fact's key as words; the unit goes with the value."""
    return (key.removesuffix("_bytes") if key != "bytes" else "memory").replace("_", " ")


def fact(value: Any, key: str = "") -> str:
    """Return a fact of the nursery tree as people read it: no braces, sizes with a unit, moments in UTC."""
    if value is None or value in ("", {}, []):
        return "\N{EN DASH}"
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{fact_name(name)} {fact(inner, name)}" for name, inner in value.items())
        case list() | tuple():
            return ", ".join(fact(inner) for inner in value)
        case int() | float() if key.endswith("bytes"):
            return size(value)
        case int():
            return str(value) if key == "pid" else number(value)
        case float():
            return number(round(value, 3))
        case _:
            return _moment_or_text(str(value))


def said(context: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return what a source said beside an indicator (`tipd.model.context`), its names as words, known ones first."""
    context = context or {}
    names = [*(name for name in _SAID if name in context), *sorted(context.keys() - set(_SAID))]
    return [(name.replace("_", " "), _said(context[name])) for name in names]


def _said(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_said, value))
        case _:
            return _moment_or_text(str(value))


def size(count: float) -> str:
    """Return a number of bytes with a unit in steps of a thousand."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.1f} {unit}" if unit != "bytes" and abs(count) < 100 else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _moment_or_text(text: str) -> str:
    if not _MOMENT.match(text):
        return text
    try:
        return when(text)
    except ValueError:
        return text
