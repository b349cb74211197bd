"""What waits to be stored."""

import msgspec

from tipd.model.flux import Mark, Observation, Roll, State
from tipd.modules.fastflux.pending import Pending


def mark(number: int, samples: int = 1, state: State = State.WATCHED) -> Mark:
    return Mark(
        id=number, state=state, reason="judged", since=1.0, due=2.0, ttl=60, samples=samples, last_sample=1.0, memo=b"m"
    )


def roll(number: int, samples: int = 1) -> Roll:
    return Roll(id=number, due=9.0, ttl=30, samples=samples, last_sample=8.0)


def observation(count: int) -> Observation:
    return Observation(
        name="example.org",
        rtype=1,
        data=b"\xc0\0\2\1",
        asn=0,
        first=1.0,
        last=1.0,
        count=count,
        ttl_min=1,
        ttl_max=1,
        true_ttl=False,
        upstream="",
    )


def test_what_is_drained_is_gone() -> None:
    pending = Pending()
    pending.mark(mark(1))
    pending.roll(roll(2))
    pending.observations.append(observation(3))
    assert len(pending) == 3
    batch = pending.drain()
    assert len(batch) == 3
    assert batch.marks == (mark(1),)
    assert batch.rolls == (roll(2),)
    assert batch.observations == (observation(3),)
    assert len(pending) == len(pending.drain()) == 0


def test_the_newest_mark_of_a_name_counts() -> None:
    pending = Pending()
    pending.mark(mark(1))
    pending.mark(mark(1, samples=2, state=State.LIKELY))
    assert pending.drain().marks == (mark(1, samples=2, state=State.LIKELY),)


def test_a_roll_beside_a_mark_becomes_part_of_it() -> None:
    pending = Pending()
    pending.mark(mark(1))
    pending.roll(roll(1, samples=5))
    batch = pending.drain()
    assert not batch.rolls
    (found,) = batch.marks
    assert (found.samples, found.due, found.ttl, found.last_sample) == (5, 9.0, 30, 8.0)
    assert (found.state, found.memo) == (State.WATCHED, b"m")


def test_a_mark_replaces_a_roll() -> None:
    pending = Pending()
    pending.roll(roll(1))
    pending.mark(mark(1))
    assert pending.drain().rolls == ()


def test_it_is_full_at_its_bound_and_takes_what_is_under_way() -> None:
    pending = Pending(most=3)
    for number in range(3):
        assert not pending.full
        pending.observations.append(observation(number))
    assert pending.full
    pending.mark(mark(1))
    assert len(pending.drain()) == 4
    assert not pending.full


def test_a_mark_that_leaves_the_state_does_not_hide_when_it_began() -> None:
    pending = Pending()
    pending.mark(mark(1))
    pending.mark(msgspec.structs.replace(mark(1, samples=2), since=0.0, reason=""))
    (found,) = pending.drain().marks
    assert (found.since, found.reason, found.samples) == (1.0, "judged", 2)
