"""Every format."""

from __future__ import annotations

import pytest

from tipd.exports.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_gives_nothing(name: str) -> None:
    assert FORMATS[name].lines([]) == b""
