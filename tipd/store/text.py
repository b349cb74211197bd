"""Text that PostgreSQL can hold: it refuses NUL in text and jsonb, and UTF-8 has no lone surrogates.

What comes from outside has both; a row is worth more than the character, so it is replaced (U+FFFD).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_REFUSED = re.compile("[\0\ud800-\udfff]")
_encode = msgspec.json.Encoder(order="deterministic").encode


def storable(text: str) -> str:
    """Return the text without NUL and lone surrogates."""
    return text if text.isascii() and "\0" not in text else _REFUSED.sub("\N{REPLACEMENT CHARACTER}", text)


def to_json(value: Any) -> str:
    """Return the value as JSON text for a jsonb column. Raises TypeError for what JSON has no form for."""
    try:
        text = _encode(value).decode()
    except UnicodeEncodeError:
        return _encode(_clean(value)).decode()
    return _encode(_clean(value)).decode() if "\\u0000" in text else text


def _clean(value: Any) -> Any:
    value = msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value
    match value:
        case str():
            return storable(value)
        case dict():
            return {_clean(key): _clean(part) for key, part in value.items()}
        case list() | tuple():
            return [_clean(part) for part in value]
        case _:
            return value
