"""The session in a Cookie header."""

from __future__ import annotations

import pytest

from tipd.api.cookies import session_of


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("", None),
        ("tipd_session=abc", "abc"),
        ("a=b; tipd_session=abc; c=d", "abc"),
        ("tipd_session=", None),
        ("xtipd_session=abc", None),
        ("tipd_session=" + "x" * 201, None),
        (";;=;tipd_session", None),
    ],
)
def test_it_is_found_or_not(header: str | None, found: str | None) -> None:
    assert session_of(header) == found
