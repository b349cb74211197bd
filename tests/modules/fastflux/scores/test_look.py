"""A look-up as the scores see it."""

import struct

import pytest

from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.look import Look, numbers


def test_only_addresses_make_an_answer() -> None:
    assert Look(1.0, addresses=b"\xc0\x00\x02\x01").answered
    assert not Look(1.0).answered
    assert not Look(1.0, Outcome.NXDOMAIN, addresses=b"\xc0\x00\x02\x01").answered


def test_an_unknown_as_is_an_answer_of_the_table_and_none_is_not() -> None:
    assert Look(1.0, addresses=b"\xc0\x00\x02\x01", asns=(0,)).placed
    assert not Look(1.0, addresses=b"\xc0\x00\x02\x01").placed


def test_numbers_keep_the_order() -> None:
    assert numbers(b"\x00\x00\x00\x01\xc0\x00\x02\x01") == (1, 0xC0000201)
    assert numbers(b"") == ()


def test_half_an_address_is_refused() -> None:
    with pytest.raises(struct.error):
        numbers(b"\xc0\x00\x02")
