"""Queries and bodies become values or a Problem that says what is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from tipd.api.declare import Call, Route, read_query
from tipd.api.problem import Problem


class Query(msgspec.Struct, frozen=True):
    """A query."""

    kind: list[str] = []
    limit: int = 5
    name: str | None = None


class Asked:
    """A request with a query string."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.args = MultiDict(pairs)


async def view(_call: Call) -> None:
    """Nothing."""


def read(*pairs: tuple[str, str], query: Any = Query) -> Any:
    return read_query(Route(method="GET", path="/", view=view, summary="", query=query), Asked(*pairs))


def test_lists_come_repeated_or_with_commas() -> None:
    assert read(("kind", "a,b"), ("kind", "c"), ("limit", "7")) == Query(["a", "b", "c"], 7, None)
    assert read(("name", "a,b")) == Query([], 5, "a,b")
    assert read(query=None) is None


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("limit", "x")], "limit"),
        ([("limit", "1"), ("limit", "2")], "more than once"),
        ([("kinds", "a")], "unknown parameter 'kinds'"),
        ([("token", "tip_x")], "Authorization"),
        ([("name", "a\0b")], "NUL"),
    ],
)
def test_what_is_wrong_is_said(pairs: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(Problem, match=words) as caught:
        read(*pairs)
    assert caught.value.status == 400
    assert "tip_x" not in caught.value.detail
