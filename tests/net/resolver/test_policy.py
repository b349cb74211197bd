"""Answers made by policy, and those that only look like it."""

import pytest

from tipd.model.dns import A as A_
from tipd.model.dns import Answer, Outcome
from tipd.net.resolver.policy import Marks, Policy

NAME = "www.bad.example"
NXDOMAIN = Answer(Outcome.NXDOMAIN, ttl=60)
NODATA = Answer(Outcome.NODATA, ttl=60)
FOUND = Answer(Outcome.NOERROR, bytes((192, 0, 2, 1)), 60)
POLICY = Policy(["rpz.example.org"], ["192.0.2.1", "garden.example.net"])
BARE = Policy()


@pytest.mark.parametrize("code", [4, 15, 16, 17])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_extended_errors_are_policy_whatever_the_code(code: int, outcome: Outcome) -> None:
    why = BARE.why(NAME, A_, Answer(outcome), Marks(errors=(22, code)))
    assert why.startswith(f"extended error {code} (")


@pytest.mark.parametrize("code", [0, 3, 5, 6, 9, 18, 19, 22, 23, 29, 65535])
def test_other_extended_errors_are_not(code: int) -> None:
    assert not BARE.why(NAME, A_, Answer(Outcome.SERVFAIL), Marks(errors=(code,)))


def test_plain_answers_stay_what_they_are() -> None:
    for answer in (NXDOMAIN, NODATA, FOUND, Answer(Outcome.SERVFAIL), Answer(Outcome.REFUSED)):
        assert not BARE.why(NAME, A_, answer)
        assert not BARE.why(NAME, A_, answer, Marks(authority=("example",)))
        assert not BARE.why(NAME, A_, answer, Marks(authority=(".",)))


def test_a_policy_zone_signs_in_either_section() -> None:
    for owner in ("rpz.example.org", "lists.rpz.example.org"):
        for marks in (Marks(additional=(owner,)), Marks(authority=(owner,))):
            for direct in (False, True):
                assert POLICY.why(NAME, A_, NXDOMAIN, marks, direct=direct) == f"signed by the policy zone {owner}"


def test_an_unnamed_policy_zone_is_known_by_its_place() -> None:
    for answer in (NXDOMAIN, NODATA, FOUND):
        assert BARE.why(NAME, A_, answer, Marks(additional=("rpz.local",)))
    assert BARE.why(NAME, A_, NXDOMAIN, Marks(authority=("rpz.local",)))
    assert not BARE.why(NAME, A_, FOUND, Marks(authority=("rpz.local",)))  # a sloppy zone, not a negative answer
    assert not BARE.why(NAME, A_, NXDOMAIN, Marks(authority=("rpz.local",)), direct=True)


def test_the_zone_of_the_end_of_a_chain_is_in_place() -> None:
    end = Answer(Outcome.NXDOMAIN, cname=("gone.cdn.example.net",))
    assert not BARE.why(NAME, A_, end, Marks(authority=("example.net",)))
    assert not BARE.why(NAME, A_, end, Marks(authority=("example",)))
    assert BARE.why(NAME, A_, end, Marks(authority=("example.com",)))


def test_a_name_no_text_can_hold_breaks_nothing() -> None:
    odd = "a\\.b." + "x" * 70
    assert BARE.why(NAME, A_, NXDOMAIN, Marks(additional=(odd,)))
    assert not BARE.why(odd, A_, NXDOMAIN, Marks(authority=(".",)))


def test_walled_gardens() -> None:
    assert POLICY.why(NAME, A_, FOUND) == "an address of a walled garden"
    end = Answer(Outcome.NOERROR, bytes((203, 0, 113, 1)), 60, cname=("stop.garden.example.net",))
    assert POLICY.why(NAME, A_, end) == "the walled garden stop.garden.example.net"
    assert not BARE.why(NAME, A_, FOUND) and not BARE.why(NAME, A_, end)


def test_nxdomain_of_a_resolver_that_did_not_look() -> None:
    marks = Marks(recursed=True, recursion_available=False)
    assert BARE.why(NAME, A_, NXDOMAIN, marks)
    assert not BARE.why(NAME, A_, NXDOMAIN, Marks(recursed=True, recursion_available=False, authority=("example",)))
    assert not BARE.why(NAME, A_, NXDOMAIN, Marks(recursed=False, recursion_available=False))
    assert not BARE.why(NAME, A_, NXDOMAIN, Marks(recursed=True))
    assert not BARE.why(NAME, A_, NXDOMAIN, marks, direct=True)
    assert not BARE.why(NAME, A_, NODATA, marks)


def test_a_zone_that_would_be_every_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"policy_zones: '\.' would be every name"):
        Policy(["."])
