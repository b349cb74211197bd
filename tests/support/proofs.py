"""Rounds as the API shows them."""

from typing import Any


def round_(number: int, **more: Any) -> dict[str, Any]:
    """Return a round as the API shows it."""
    proof = {"id": number, "source": "a", "why": "poll", "at": f"2026-11-0{number}T00:00:00Z", "version": "1"}
    proof |= {"url": "https://lists.example.org/a", "address": "192.0.2.9", "http_status": 200, "body_bytes": 7}
    return proof | {"body_sha256": "ab" * 32, "started": "2026-11-01T00:00:00Z", "declared": {}} | more
