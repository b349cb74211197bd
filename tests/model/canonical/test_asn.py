"""AS numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.asn import canonical_asn
from tipd.model.indicator import RefusedValue


@pytest.mark.parametrize("text", ["AS64500", "as64500", "ASN64500", "AS 64500", "64500", "0.64500"])
def test_forms(text):
    assert canonical_asn(text) == "AS64500"


@given(st.integers(1, 2**32 - 1))
def test_asdot_and_asplain_are_one(number):
    plain = canonical_asn(f"AS{number}", poison=False)
    assert plain == f"AS{number}"
    assert canonical_asn(f"{number >> 16}.{number & 0xFFFF}", poison=False) == plain


@pytest.mark.parametrize("text", ["AS0", "AS23456", "AS64512", "AS65535", "AS4200000000", "AS4294967295"])
def test_private_and_reserved_numbers_are_poison(text):
    with pytest.raises(RefusedValue, match="bogon"):
        canonical_asn(text)
    assert canonical_asn(text, poison=False) == text


@pytest.mark.parametrize("text", ["", "AS", "AS4294967296", "AS1.65536", "AS-1", "AS1x", "AS٣"])
def test_no_numbers(text):
    with pytest.raises(RefusedValue, match="malformed"):
        canonical_asn(text)
