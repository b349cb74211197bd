"""The indicator as a value."""

import pytest

from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind


def test_indicators_are_values():
    one, same = Indicator(Kind.IPV4, "192.0.2.1"), Indicator(Kind.IPV4, "192.0.2.1")
    assert one == same
    assert hash(one) == hash(same)
    assert str(one) == "192.0.2.1"
    with pytest.raises(AttributeError):
        one.value = "x"


def test_a_refusal_keeps_its_reason_and_cuts_the_text():
    error = RefusedValue("malformed", "x" * 1000)
    assert error.reason == "malformed"
    assert len(error.text) == 200
    assert "malformed" in str(error)
