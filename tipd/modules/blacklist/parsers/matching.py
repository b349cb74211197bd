"""Values inside a longer text: every match of an RE2 expression, linear in the text's length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_PATTERN = 2000
_MATCHES = 1000  # of one text


def compiled(pattern: str) -> Any:
    """Return the expression; raises ValueError with the option's name where it is broken."""
    if len(pattern) > _LONGEST_PATTERN:
        raise ValueError(f"pattern: over {_LONGEST_PATTERN} characters")
    quiet = re2.Options()
    quiet.log_errors = False
    quiet.max_mem = 8 << 20
    try:
        return re2.compile(pattern, quiet)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(f"pattern: {reason.decode() if isinstance(reason, bytes) else reason}") from None


def values_in(pattern: Any, text: str) -> Iterator[str]:
    """Yield the group `value` of each match, else the first group, else the whole match."""
    group: str | int = "value" if "value" in pattern.groupindex else (1 if pattern.groups else 0)
    for count, match in enumerate(pattern.finditer(text)):
        if count == _MATCHES:
            return
        if match.group(group):
            yield match.group(group)
