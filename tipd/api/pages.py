"""The console's pages and files, out of the package: jinja2 with autoescape, files kept in memory with their hashes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

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
