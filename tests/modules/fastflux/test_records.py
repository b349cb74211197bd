"""Slots of watched names."""

import pytest

from tipd.model.dns import Outcome, Route
from tipd.model.flux import KnownName, State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.records import BLOCK, OTHERS, Label, Records
from tipd.modules.fastflux.wheel import NEVER


def known(number: int, **more: object) -> KnownName:
    told = {
        "id": number,
        "name": f"host{number}.example.org",
        "apex": "example.org",
        "state": State.WATCHED,
        "tags": (),
        "tlp": Tlp.GREEN,
        "revision": 1,
        "due": 0.0,
        "ttl": 300,
        "samples": 17,
        "last_sample": 1000.0,
        "memo": b"",
    }
    return KnownName(**(told | more))


def test_a_name_has_a_slot() -> None:
    records = Records()
    slot = records.add(known(5), 3, Label(tags=("a",), tlp=Tlp.AMBER, route=Route.AUTHORITY))
    assert records.slot_of(5) == slot
    assert records.slot_of(6) == records.slot_of(5_000_000) == -1
    assert records.name(slot) == "host5.example.org"
    assert records.wires[slot] == b"\x05host5\x07example\x03org\0"
    assert records.state(slot) is State.WATCHED
    assert records.outcome(slot) is None
    assert (records.ttl[slot], records.samples[slot], records.last[slot]) == (300, 17, 0)
    assert records.unsaved(slot) == 0
    assert records.label(slot) == Label(("a",), Tlp.AMBER, Route.AUTHORITY)
    assert records.due[slot] == NEVER
    assert records.count == 1


def test_a_slot_is_used_again_and_remembers_nothing() -> None:
    records = Records()
    slot = records.add(known(5), 3, Label())
    records.sets[slot], records.asked[slot], records.due[slot] = b"1234", 9, 100
    records.samples[slot] += 4
    records.first[slot] = records.began[slot] = 5
    records.ends[slot] = "end.example"
    records.outcomes[slot] = Outcome.NXDOMAIN
    records.flags[slot] = records.bad[slot] = 1
    records.remove(slot)
    assert records.slot_of(5) == -1
    assert records.count == 0
    with pytest.raises(LookupError):
        records.name(slot)
    assert records.add(known(6), 0, Label()) == slot
    assert records.sets[slot] == b""
    assert (records.asked[slot], records.due[slot], records.unsaved(slot), records.first[slot]) == (0, NEVER, 0, 0)
    assert not records.began[slot]
    assert not records.ends
    assert records.outcome(slot) is None
    assert not records.flags[slot]
    assert not records.bad[slot]


def test_names_beyond_a_block_and_ids_far_apart() -> None:
    records = Records()
    ids = [*range(BLOCK + 10), 2**31 - 1]
    slots = [records.add(known(number), 0, Label()) for number in ids]
    assert len(set(slots)) == len(ids)
    assert [records.slot_of(number) for number in ids] == slots
    assert set(records.in_states([State.WATCHED])) == set(slots)


def test_a_name_no_question_can_hold_is_refused_and_takes_no_slot() -> None:
    records = Records()
    with pytest.raises(ValueError, match="label"):
        records.add(known(1, name="a..b"), 0, Label())
    assert records.count == 0
    assert records.slot_of(1) == -1


def test_labels_are_shared_and_change() -> None:
    records = Records()
    first, second = (records.add(known(number), 0, Label(("x",))) for number in (1, 2))
    assert records.labels[first] == records.labels[second]
    records.relabel(second, Label(("y",), Tlp.RED))
    assert records.label(first) == Label(("x",))
    assert records.label(second).tlp is Tlp.RED


def test_servers_are_numbered_up_to_a_bound() -> None:
    records = Records()
    slot = records.add(known(1), 0, Label())
    assert records.server(slot) == ""
    numbers = [records.server_number(f"192.0.2.1:{port}") for port in range(1000)]
    assert max(numbers) < 256
    records.servers[slot] = numbers[7]
    assert records.server(slot) == "192.0.2.1:7"
    records.servers[slot] = numbers[-1]
    assert records.server(slot) == OTHERS


def test_times_are_kept_to_a_sixteenth_of_a_second() -> None:
    records = Records(1_700_000_000.0)
    assert records.moment(0) == 0.0
    assert records.stamp(1_600_000_000.0) == 1
    for at in (1_700_000_000.0, 1_700_000_000.01, 1_800_000_123.456):
        assert 0 <= at - records.moment(records.stamp(at)) <= 1 / 16


def test_times_out_of_reach_are_the_nearest_that_can_be_kept() -> None:
    records = Records(1000.0)
    assert records.moment(records.stamp(0.0)) == 1000.0
    slot = records.add(known(1), 0, Label())
    records.last[slot] = records.stamp(1e12)  # as of a clock that was never set
    assert records.moment(records.last[slot]) > 1000.0 + 8 * 365 * 86400


def test_revisions_come_back() -> None:
    records = Records()
    for number, revision in enumerate((2**40, 2**40 - 1000, 2**40 + 10**9, 5), start=1):
        slot = records.add(known(number, revision=revision), 0, Label())
        assert records.revision(slot) == (revision if revision > 5 else 0)
    records.revise(slot, 2**40 + 1)
    assert records.revision(slot) == 2**40 + 1


def test_slots_by_state_and_under_way() -> None:
    records = Records()
    one, two, three = (records.add(known(number, state=State(number)), 0, Label()) for number in (1, 2, 3))
    assert sorted(records.in_states([State.WATCHED, State.CONFIRMED])) == sorted([one, three])
    records.asked[two] = 7
    assert records.under_way() == [(two, 7)]
    records.remove(three)
    assert records.in_states([State.CONFIRMED]) == []
    assert records.in_states([State.CANDIDATE]) == []
