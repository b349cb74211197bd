"""What is answered where something is wrong: RFC 9457 problem+json."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is no success. `close`: whatever else came on the connection is not looked at."""

    def __init__(
        self, status: int, detail: str, *, headers: tuple[tuple[str, str], ...] = (), close: bool = False
    ) -> None:
        """`detail`: one sentence for whoever asked; nothing of it may say more than they may know."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.close = close

    def body(self) -> bytes:
        """Return the JSON."""
        title = HTTPStatus(self.status).phrase
        return msgspec.json.encode({"title": title, "status": self.status, "detail": self.detail})
