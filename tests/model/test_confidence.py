"""Confidence, and the arithmetic behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.confidence import confidence, terms

WEIGHTS = st.dictionaries(st.text(min_size=1, max_size=5), st.floats(0, 1), max_size=8)


def test_sources_together_are_surer_than_each():
    assert confidence([]) == 0.0
    assert confidence([0.5]) == 0.5
    assert confidence([0.5, 0.5]) == 0.75
    assert confidence([1.0, 0.2]) == 1.0


@given(WEIGHTS)
def test_it_stays_between_the_surest_source_and_one(weights):
    found = confidence(weights.values())
    assert round(max(weights.values(), default=0.0), 4) <= found <= 1.0


@given(WEIGHTS)
def test_the_contributions_add_up_to_the_confidence(weights):
    found = terms(weights)
    assert {term.source for term in found} == set(weights)
    assert sum(term.contribution for term in found) == pytest.approx(confidence(weights.values()), abs=1e-3)


def test_the_weightiest_source_speaks_first_and_each_takes_of_the_doubt_that_is_left():
    found = terms({"a": 0.5, "b": 0.9, "c": 0.5})
    assert [(term.source, term.contribution) for term in found] == [("b", 0.9), ("a", 0.05), ("c", 0.025)]
