"""What of a record is handed over."""

from support.probing import T0, FakeAsns, has, known

from tipd.model.dns import Outcome
from tipd.model.flux import State, Tier
from tipd.modules.fastflux.kept import Kept, Shown
from tipd.modules.fastflux.pending import Pending
from tipd.modules.fastflux.records import TRUE_TTL, UNTOLD, Label, Records
from tipd.modules.fastflux.saving import Saving, differs
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look


class Bench:
    """One name with answers that nobody has stored yet."""

    def __init__(self, state: State = State.CONFIRMED, asns: object = FakeAsns) -> None:
        self.records = Records(T0)
        self.pending = Pending()
        self.saving = Saving(self.records, self.pending, asns, lambda _: T0 + 99)
        self.slot = slot = self.records.add(known(9, state=state, samples=5), 0, Label())
        records = self.records
        records.sets[slot], records.outcomes[slot] = has("192.0.2.1", "192.0.2.30").rdata, Outcome.NOERROR
        records.samples[slot], records.first[slot], records.last[slot] = 9, records.stamp(T0 + 1), records.stamp(T0 + 4)
        records.low[slot], records.high[slot], records.ttl[slot] = 20, 60, 30
        records.flags[slot] = TRUE_TTL | UNTOLD
        records.servers[slot] = records.server_number("192.0.2.53:53")


def test_what_was_counted_is_handed_over_once() -> None:
    bench = Bench()
    bench.records.ends[bench.slot] = "end.example"
    bench.saving.save(bench.slot)
    bench.saving.save(bench.slot)
    batch = bench.pending.drain()
    assert [(row.rtype, row.data, row.asn) for row in batch.observations] == [
        (1, b"\xc0\0\2\1", 65012),
        (1, b"\xc0\0\2\x1e", 65015),
        (5, b"end.example", 0),
    ]
    row = batch.observations[0]
    assert (row.name, row.first, row.last, row.count) == ("host9.example.org", T0 + 1, T0 + 4, 4)
    assert (row.ttl_min, row.ttl_max, row.true_ttl, row.upstream) == (20, 60, True, "192.0.2.53:53")
    (run,) = batch.runs
    assert (run.name_id, run.count, run.asns, run.cname) == (9, 4, (65012, 65015), "end.example")
    assert bench.records.unsaved(bench.slot) == 0
    assert bench.records.first[bench.slot] == 0


def test_nothing_ends_before_it_began_though_the_clock_was_set_back() -> None:
    bench = Bench()
    bench.records.last[bench.slot] = bench.records.stamp(T0 - 3600)
    bench.saving.save(bench.slot)
    batch = bench.pending.drain()
    assert {(row.first, row.last) for row in (*batch.observations, *batch.runs)} == {(T0 + 1, T0 + 1)}


def test_of_a_watched_name_no_runs_are_kept() -> None:
    bench = Bench(State.WATCHED)
    bench.saving.save(bench.slot)
    assert len(bench.pending.observations) == 2
    assert not bench.pending.runs


def test_without_a_table_no_as_is_known() -> None:
    bench = Bench(asns=None)
    bench.saving.save(bench.slot)
    assert {row.asn for row in bench.pending.observations} == {0}
    assert bench.pending.runs[0].asns == ()


def test_no_addresses_are_a_run_without_observations() -> None:
    bench = Bench(State.DORMANT)
    bench.records.sets[bench.slot], bench.records.outcomes[bench.slot] = b"", Outcome.NXDOMAIN
    bench.saving.save(bench.slot)
    assert not bench.pending.observations
    assert bench.pending.runs[0].outcome is Outcome.NXDOMAIN


def test_a_roll_says_how_far_it_has_come() -> None:
    bench = Bench()
    bench.saving.roll(bench.slot)
    (roll,) = bench.pending.drain().rolls
    assert (roll.id, roll.due, roll.ttl, roll.samples, roll.last_sample) == (9, T0 + 99, 60, 9, T0 + 4)
    assert not bench.records.flags[bench.slot] & UNTOLD


def test_the_longest_ttl_of_late_is_stored_so_that_a_restart_does_not_ask_within_it() -> None:
    bench = Bench()
    bench.records.ttl[bench.slot] = 3  # of 60, which is what a cache had left
    bench.saving.roll(bench.slot)
    (roll,) = bench.pending.drain().rolls
    assert roll.ttl == 60


def test_one_look_up_of_before_is_a_run_of_its_own() -> None:
    bench = Bench()
    before = Look(T0 + 0.5, addresses=b"\xc0\0\2\7", asns=(65012,), ttl=40, cname="end.example")
    bench.saving.look(bench.slot, before)
    (run,) = bench.pending.drain().runs
    assert (run.name_id, run.first, run.last, run.count) == (9, T0 + 0.5, T0 + 0.5, 1)
    assert (run.addresses, run.asns, run.ttl_min, run.ttl_max) == (before.addresses, (65012,), 40, 40)
    assert (run.cname, run.upstream) == ("end.example", "192.0.2.53:53")


def test_a_name_that_is_not_taken_is_dropped() -> None:
    bench = Bench()
    bench.saving.refuse(77, "max_domains", T0, 5)
    (mark,) = bench.pending.drain().marks
    assert (mark.id, mark.state, mark.reason, mark.due, mark.revision) == (77, State.DROPPED, "max_domains", 0.0, 5)


def test_which_scores_are_worth_storing() -> None:
    shown = Shown(2118, 2, 1, 2, Tier.BENIGN, State.WATCHED)
    kept = Kept(History())
    assert differs(None, shown)
    assert differs(kept, shown)
    kept.shown = shown
    assert not differs(kept, shown)
    assert not differs(kept, shown._replace(total=9))  # it is only watched
    assert differs(kept, shown._replace(n_a=3))
    kept.shown = shown._replace(state=State.LIKELY)
    assert differs(kept, shown._replace(state=State.LIKELY, total=9))
