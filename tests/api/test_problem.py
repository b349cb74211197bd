"""Problems, as RFC 9457 has them."""

from __future__ import annotations

import msgspec

from tipd.api.problem import Problem, raw_answer, title_of


def test_the_body_has_the_members() -> None:
    body = msgspec.json.decode(Problem(410, "gone", first=3, last=9).body())
    assert body == {"type": "about:blank", "title": "Gone", "status": 410, "detail": "gone", "first": 3, "last": 9}


def test_a_raw_answer_is_whole() -> None:
    problem = Problem(503, "full", headers={"Retry-After": "5"})
    head, _, body = raw_answer(problem).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Retry-After: 5" in head
    assert b"Connection: close" in head


def test_an_unknown_status_has_a_title() -> None:
    assert title_of(599) == "Error"
