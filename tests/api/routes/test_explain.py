"""The arithmetic behind a confidence."""

from __future__ import annotations

import pytest
from support.api import Served, body_of


async def test_the_terms_add_up_to_the_confidence(api: Served) -> None:
    found = body_of(await api.ask("GET", "/api/v1/indicators/198.51.100.7/explain"))
    assert (found["value"], found["kind"], found["model"]) == ("198.51.100.7", "ipv4", "noisy-or/1")
    assert sum(term["contribution"] for term in found["terms"]) == pytest.approx(found["confidence"], abs=1e-3)
    assert set(found["terms"][0]) == {
        "source", "weight", "kind_factor", "count", "decay", "dependence", "contribution",
    }  # fmt: skip


async def test_what_nobody_lists_has_no_terms(api: Served) -> None:
    found = body_of(await api.ask("GET", "/api/v1/indicators/192.0.2.99/explain"))
    assert (found["confidence"], found["terms"]) == (0.0, [])


async def test_a_url_is_explained_too(api: Served) -> None:
    found = body_of(await api.ask("GET", "/api/v1/indicators/https%3A%2F%2Fexample.org%2Fa/explain"))
    assert found["value"] == "https://example.org/a"
