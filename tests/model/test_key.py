"""Keys of indicators."""

from hypothesis import given
from hypothesis import strategies as st

from tipd.model.key import key_of, unsigned_key_of
from tipd.model.kind import Kind

SEEDS = st.integers(0, 2**64 - 1)


@given(SEEDS, st.sampled_from(Kind), st.text(max_size=50))
def test_the_signed_key_is_the_unsigned_one_as_a_bigint(seed, kind, value):
    signed, unsigned = key_of(seed, kind, value), unsigned_key_of(seed, kind, value)
    assert -(2**63) <= signed < 2**63
    assert signed % 2**64 == unsigned


def test_keys_are_stored_and_so_must_never_change():
    assert unsigned_key_of(7, Kind.IPV4, "192.0.2.1") == 2062508575105655394
    assert key_of(7, Kind.DOMAIN, "example.org") == -6825696222247635868


@given(SEEDS, st.text(max_size=20))
def test_the_kind_is_part_of_the_key(seed, value):
    assert key_of(seed, Kind.SHA1, value) != key_of(seed, Kind.CERT_SHA1, value)


@given(st.text(max_size=20))
def test_the_seed_is_part_of_the_key(value):
    assert key_of(1, Kind.URL, value) != key_of(2, Kind.URL, value)
