"""Text that PostgreSQL can hold: it refuses NUL in text and jsonb, and UTF-8 has no lone surrogates.

What comes from outside has both; a row is worth more than the character, so it is replaced (U+FFFD).
"""

from __future__ import annotations

from typing import Any

import msgspec

_BAD = "\N{REPLACEMENT CHARACTER}"
_encode = msgspec.json.Encoder(order="deterministic").encode


def storable(text: str) -> str:
    """Return the text without NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", _BAD)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text


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
