import msgspec
import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.schedule import START, Findings, Schedule, hours
from support.silence import SILENT

from tipd.nursery.follower import FindingFollower, Round, RoundFollower, Stretch

LOG = SILENT


async def test_unread_findings_of_our_kinds_are_pending_until_done() -> None:
    findings = Findings()
    follower = FindingFollower("flux", ["a", "b"], findings, LOG)
    assert await follower.pending() is None
    findings.add("x")
    assert await follower.pending() is None
    findings.add("b")
    findings.add("x")
    stretch = await follower.pending()
    assert stretch == Stretch(0, 3, "b")
    assert await follower.pending() == stretch  # nothing was done yet
    await follower.done(stretch)
    assert findings.cursors == {"module:flux": 3}
    assert await follower.pending() is None


async def test_a_cursor_that_somebody_moved_is_left_alone() -> None:
    findings = Findings()
    follower = FindingFollower("flux", ["a"], findings, LOG)
    for _ in range(4):
        findings.add("a")
    stretch = await follower.pending()
    assert stretch is not None
    await findings.move_cursor("module:flux", 2)  # the module did a part, with what it wrote
    await follower.done(stretch)
    assert await follower.pending() == Stretch(2, 4, "a")


async def test_what_was_looked_through_is_not_looked_through_again() -> None:
    findings = Findings()
    follower = FindingFollower("flux", ["a"], findings, LOG)
    findings.add("x")
    for _ in range(5):
        assert await follower.pending() is None
    assert findings.reads == 1


async def test_a_cursor_with_nothing_to_read_moves_on_now_and_then() -> None:
    findings = Findings()
    findings.prune(20_000)
    findings.cursors["module:flux"] = 20_000
    follower = FindingFollower("flux", ["a"], findings, LOG)
    findings.add("x")
    await follower.pending()
    assert findings.cursors["module:flux"] == 20_000
    more = [msgspec.structs.replace(findings.rows[0], seq=20_001 + number) for number in range(1, 10_001)]
    findings.rows.extend(more)
    await follower.pending()
    assert findings.cursors["module:flux"] == 30_001


async def test_what_retention_removed_is_passed_by() -> None:
    findings = Findings()
    for _ in range(9):
        findings.add("a")
    findings.cursors["module:flux"] = 2
    findings.prune(5)
    follower = FindingFollower("flux", ["a"], findings, LOG)
    assert await follower.pending() == Stretch(5, 9, "a")
    findings.prune(9)
    assert await follower.pending() is None
    assert await FindingFollower("new", ["a"], findings, LOG).pending() is None


async def test_a_log_that_began_anew_is_read_from_its_begin() -> None:
    findings = Findings()
    findings.cursors["module:flux"] = 500
    findings.add("a")
    assert await FindingFollower("flux", ["a"], findings, LOG).pending() == Stretch(0, 1, "a")


async def test_a_round_is_followed_once_also_after_a_restart() -> None:
    schedule = Schedule()
    follower = RoundFollower("listing", ["blacklist", "spamtrap"], schedule)
    assert await follower.pending() is None
    await schedule.save("module:blacklist", due=START, last_run=START, failures=0)
    found = await follower.pending()
    assert found == Round("blacklist", START)
    await follower.done(found)
    assert await RoundFollower("listing", ["blacklist"], schedule).pending() is None
    await schedule.save("module:blacklist", due=START, last_run=START - hours(1), failures=0)  # the clock went back
    await schedule.save("module:spamtrap", due=None, last_run=START - hours(2), failures=0)
    assert await follower.pending() == Round("spamtrap", START - hours(2))


class TwoProcesses(RuleBasedStateMachine):
    """Two processes follow one log with one cursor; whatever they do, no finding of their kind stays unread."""

    def __init__(self) -> None:
        super().__init__()
        self.findings = Findings()
        self.followers = [FindingFollower("m", ["a"], self.findings, LOG) for _ in range(2)]
        self.held: list[Stretch | None] = [None, None]
        self.read: set[int] = set()

    @rule(kind=st.sampled_from(["a", "x"]), count=st.integers(1, 3))
    def commit(self, kind: str, count: int) -> None:
        for _ in range(count):
            self.findings.add(kind)

    @rule(who=st.integers(0, 1))
    def look(self, who: int) -> None:
        if self.held[who] is None:
            self.held[who] = trio.run(self.followers[who].pending)

    @rule(who=st.integers(0, 1))
    def finish(self, who: int) -> None:
        if (stretch := self.held[who]) is not None:
            self.read |= {row.seq for row in self.findings.rows if stretch.since < row.seq <= stretch.until}
            trio.run(self.followers[who].done, stretch)
            self.held[who] = None

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        self.held[who] = None
        self.followers[who] = FindingFollower("m", ["a"], self.findings, LOG)

    @invariant()
    def nothing_is_skipped(self) -> None:
        cursor = self.findings.cursors.get("module:m", 0)
        passed = {row.seq for row in self.findings.rows if row.kind == "a" and row.seq <= cursor}
        assert passed <= self.read
        unread = {row.seq for row in self.findings.rows if row.kind == "a"} - self.read
        if unread:
            assert trio.run(self.followers[0].pending) is not None


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
