"""The how-to's example takes our signatures, and nobody else's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from support import documented

from tipd.watching.group import signature

PAGE = "docs/how_to/be_told_of_what_matters.md"
BODY = b'{"findings":[]}'


def test_the_receivers_example() -> None:
    ((_, text),) = documented.blocks(PAGE, "python")
    names: dict[str, Any] = {}
    exec(compile(text, PAGE, "exec"), names)
    genuine, now = names["genuine"], 1_795_000_000
    names["time"] = SimpleNamespace(time=lambda: float(now))
    good = signature(b"secret", BODY, now)
    assert genuine(b"secret", good, BODY)
    assert not genuine(b"other", good, BODY)
    assert not genuine(b"secret", good, BODY + b" ")
    assert not genuine(b"secret", signature(b"secret", BODY, now - 301), BODY)
    assert not genuine(b"secret", good.replace(f"t={now}", f"t={now + 1}"), BODY)
