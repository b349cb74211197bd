"""Text that PostgreSQL can hold."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.store.store import Store
from tipd.store.text import storable, to_json

ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | ANY_TEXT,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(ANY_TEXT, part, max_size=4),
    max_leaves=12,
)


@given(ANY_TEXT)
def test_any_text_is_made_storable_and_good_text_is_left_alone(text: str) -> None:
    kept = storable(text)
    assert "\0" not in kept
    kept.encode()
    assert len(kept) == len(text)
    if "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text):
        assert kept == text


@given(ANY_JSON)
def test_any_value_becomes_json_without_what_jsonb_refuses(value: Any) -> None:
    text = to_json(value)
    text.encode()
    assert "\0" not in str(json.loads(text))
    said = json.dumps(value, ensure_ascii=False)
    if "\\u0000" not in said and not re.search("[\ud800-\udfff]", said):
        assert json.loads(text) == value


def test_values_of_ours_inside() -> None:
    assert json.loads(to_json([Indicator(Kind.URL, "\0")])) == [{"kind": "url", "value": "\N{REPLACEMENT CHARACTER}"}]


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        to_json({"a": object()})


async def test_postgresql_agrees(store: Store) -> None:
    for value in ("\0", "\ud800", "\\u0000", "\\\0", {"\0": "\udfff\U0001f600"}):
        await store.meta.put("x", value)
        assert await store.meta.get("x") == json.loads(to_json(value))
