"""Look-up sets: joined where they follow each other with one result, without what may not be stored."""

from __future__ import annotations

import socket
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.fluxing import packed, run

from tipd.model.flux import Run
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.flux.runs import joined, without

SEED = 7


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50), st.sampled_from(["192.0.2.1", "192.0.2.2"]))))
def test_joining_loses_no_look_up_and_leaves_no_two_alike_side_by_side(made: list[tuple[int, int, str]]) -> None:
    runs = [run(name, address, at=at * 60) for name, at, address in made]
    found = joined(runs)
    assert sum(one.count for one in found) == len(runs)
    assert {one.name_id for one in found} == {one.name_id for one in runs}
    for one, other in pairwise(found):
        assert (one.name_id, one.first) <= (other.name_id, other.first)
        assert one.name_id != other.name_id or one.addresses != other.addresses


def test_runs_of_other_results_stay_apart() -> None:
    runs = [
        run(1, "192.0.2.1"),
        run(1, "192.0.2.1", at=60, upstream="other:53"),
        run(1, "192.0.2.1", at=120, asns=(1,)),
    ]
    assert joined(runs) == runs


def test_addresses_that_may_not_be_stored_are_cut_with_their_as() -> None:
    one: Run = run(1, "192.0.2.1", "192.0.2.2", "192.0.2.3", asns=(1, 2, 3))
    shut = {key_of(SEED, Kind.IPV4, "192.0.2.2")}
    known: dict[bytes, bool] = {}
    cut = without(one, shut, SEED, known)
    assert (cut.addresses, cut.asns) == (packed("192.0.2.1", "192.0.2.3"), (1, 3))
    assert known[socket.inet_aton("192.0.2.2")]
    assert without(one, {1}, SEED, {}) is one
