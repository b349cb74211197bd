"""Batches made ready."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.spamming import batch, mail, sha
from support.stores import START

from tipd.store.spam import ready

SHAS = st.binary(min_size=32, max_size=32)


@given(SHAS)
def test_a_name_survives_its_halves(name: bytes) -> None:
    assert ready.sha256_of(*ready.hash_of(name)) == name


@pytest.mark.parametrize("name", [b"", b"x" * 31, b"x" * 33])
def test_what_is_no_name(name: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ready.hash_of(name)


def test_a_recipient_is_never_nobody() -> None:
    assert ready.trap_of(b"") == 0
    assert ready.trap_of(bytes(8)) == 1
    assert ready.trap_of(b"\xff" * 32) == -1
    assert ready.trap_of(b"\x01") == 1 << 56


@pytest.mark.parametrize("text", ["", "x", "192.0.2", "::g", "192.0.2.1\0", "1" * 1000, "fe80::1%eth0"])
def test_what_is_no_address(text: str) -> None:
    assert ready.packed_address(text) is None


async def test_too_many_mails_are_refused() -> None:
    some = tuple(mail(1) for _ in range(ready.MOST_MAILS + 1))
    with pytest.raises(ValueError, match="at most 20000"):
        await ready.ready(batch(*some), 1, START, lambda _: None)


async def test_only_the_first_mails_are_kept_whole() -> None:
    some = [mail(n, rest=b'{"n":1}' * 3000 if n == 1 else b'{"n":1}') for n in range(10)]
    made = await ready.ready(batch(*some), 1, START, lambda _: 64500)
    assert made.number == 10
    assert made.mails.count(b'{"n":1}') == ready.KEPT_WHOLE - 1
    assert made.hashes == tuple(ready.hash_of(sha(n))[0] for n in range(10))
    assert [one.value for one in made.senders] == ["192.0.2.1"]


@pytest.mark.parametrize("rest", [b"\xff", b"\0", b"x" * (ready.LONGEST_REST + 1)])
async def test_a_record_that_cannot_be_looked_through_is_not_kept(rest: bytes) -> None:
    whole = await ready.ready(batch(mail(1, rest=rest)), 1, START, lambda _: None)
    none = await ready.ready(batch(mail(1)), 1, START, lambda _: None)
    assert whole.mails == none.mails
