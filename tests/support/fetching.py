"""What the tests of fetching share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tipd.net.fetch import Fetcher
from tipd.net.request import FetchError, Request

BODY = b"# a list\n192.0.2.1\n192.0.2.2\n"

type Make = Callable[..., Fetcher]


class Lines:
    """A log that keeps its lines as text."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def _keep(self, message: str, **values: Any) -> None:
        self.lines.append(f"{message} {values!r}")

    debug = info = warning = error = exception = _keep


async def refused(fetcher: Fetcher, request: Request, into: Path) -> FetchError:
    """Return why a fetch failed; it leaves no file behind."""
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(request, into)
    assert not into.exists(), "a fetch that failed leaves nothing behind"
    return caught.value
