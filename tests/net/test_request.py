"""Requests as values."""

from typing import Any

import pytest

from tipd.net.request import FetchError, Request, TooSoon


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"method": "DELETE"}, "only GET and POST"),
        ({"body": "x"}, "goes with method POST"),
        ({"headers": {"Host": "x"}}, "set by tipd itself"),
        ({"headers": {"transfer-Encoding": "x"}}, "set by tipd itself"),
    ],
)
def test_requests_that_may_not_be_declared(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Request(url="http://lists.example.org/", **wrong)


def test_errors_keep_what_happened() -> None:
    error = FetchError("gone", "the page is gone: 410", None, 410)
    assert (error.state, error.http_status, error.retry_after, error.address) == ("gone", 410, None, None)
    soon = TooSoon("wait", 7.0)
    assert (soon.state, soon.retry_after, str(soon)) == ("rate_limited", 7.0, "wait")
