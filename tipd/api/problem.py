"""Errors as the API tells them: RFC 9457 problem+json."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is an error: status, a sentence for people, members for machines, headers."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        """Keep what the answer will say; `members` are RFC 9457 extension members (JSON-ready)."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def body(self) -> bytes:
        """Return the JSON body: `type`, `title`, `status`, `detail` and the members."""
        head = {"type": "about:blank", "title": title_of(self.status), "status": self.status, "detail": self.detail}
        return msgspec.json.encode(head | self.members)

    def all_headers(self) -> dict[str, str]:
        """Return the headers of the answer, content type included."""
        return {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", **self.headers}


def title_of(status: int) -> str:
    """Return the phrase of a status, as RFC 9457 asks where `type` is about:blank."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def unauthorised(detail: str) -> Problem:
    """Return a 401 that says how to authenticate."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="tipd"'})


def store_away(detail: str = "the database is away; try again soon") -> Problem:
    """Return the 503 of an answer that needs the database while it is away."""
    return Problem(503, detail, headers={"Retry-After": "5"})


def raw_answer(problem: Problem) -> bytes:
    """Return a whole HTTP/1.1 answer that ends the connection."""
    body = problem.body()
    headers = {**problem.all_headers(), "Content-Length": str(len(body)), "Connection": "close"}
    lines = [
        f"HTTP/1.1 {problem.status} {title_of(problem.status)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
