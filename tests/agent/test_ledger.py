"""What is known between starts."""

import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tipd.agent.ledger import Added, Ledger, Position
from tipd.errors import ConfigError

BOX, NEW, CUR = b"/m", b"/m/new", b"/m/cur"


def sha(n: int) -> bytes:
    return n.to_bytes(32, "big")


def added(n: int, name: str = "", views: tuple[str, ...] = ("urls",), due: float = 0.0, folder: bytes = NEW) -> Added:
    lines = {view: (due, b'{"sha256":"%s"}' % sha(n).hex().encode()) for view in views}
    return Added(box=BOX, folder=folder, name=(name or f"{n}.x").encode(), sha256=sha(n), at=float(n), lines=lines)


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def test_what_was_read_is_known_by_name_wherever_it_was_moved(ledger):
    assert ledger.add([added(1), added(2)]) == 2
    assert ledger.known(BOX, NEW, [b"1.x", b"3.x"]) == {b"1.x"}
    assert ledger.known(BOX, CUR, [b"1.x"]) == {b"1.x"}
    assert ledger.lying(sha(1))[0].folder == CUR
    assert ledger.known(b"/other", NEW, [b"1.x"]) == set()


def test_many_names_are_asked_for_at_once(ledger):
    ledger.add([added(n) for n in range(1200)])
    assert len(ledger.known(BOX, NEW, [b"%d.x" % n for n in range(2000)])) == 1200


def test_the_same_bytes_under_another_name_give_no_second_line(ledger):
    ledger.add([added(1)])
    assert ledger.add([added(1), added(1, "copy.x")]) == 0
    assert len(ledger.take("urls", 1.0, 9)) == 1
    assert ledger.known(BOX, NEW, [b"copy.x"]) == {b"copy.x"}


def test_a_copy_gives_lines_to_the_views_that_have_none_of_it(ledger):
    ledger.add([added(1)])
    copies = [added(1, f"copy{n}.x", ("urls", "here")) for n in range(3)]
    assert ledger.add(copies) == 0
    assert [ledger.waiting(view, 0.0, 9) for view in ("urls", "here")] == [1, 1]
    ledger.gone([2, 3, 4], 5.0)
    ledger.give("here", 1, [line.id for line in ledger.take("here", 0.0, 9)])
    ledger.sealed("here", 1)
    assert ledger.forget(6.0, 9) == 3
    ledger.add([added(1, "late.x", ("urls", "here"))])  # what was sealed is remembered by the copy that is left
    assert [ledger.waiting(view, 0.0, 9) for view in ("urls", "here")] == [1, 0]


def test_a_copy_is_not_old_before_all_lines_of_its_bytes_are_sealed(ledger):
    ledger.add([added(1, views=("urls", "redacted")), added(1, "copy.x", ("urls", "redacted"))])
    ledger.give("urls", 1, [line.id for line in ledger.take("urls", 0.0, 9)])
    ledger.sealed("urls", 1)
    assert ledger.old(BOX, 9.0, None, 9) == []
    ledger.give("redacted", 1, [line.id for line in ledger.take("redacted", 0.0, 9)])
    ledger.sealed("redacted", 1)
    assert [mail.name for mail in ledger.old(BOX, 9.0, None, 9)] == [b"1.x", b"copy.x"]


def test_where_a_message_of_an_mbox_stands_follows_the_file(ledger):
    for place in (70, 7):
        told = Added(box=b"/mbox", folder=b"/", name=b"aa", sha256=sha(1), at=1.0, place=place, length=9)
        assert ledger.add([told]) == (place == 70)
        assert ledger.lying(sha(1))[0].place == place


def test_all_of_a_batch_or_nothing(ledger):
    with pytest.raises(sqlite3.IntegrityError):
        ledger.add([added(1), Added(box=None, folder=NEW, name=b"2.x", sha256=sha(2), at=0.0)])
    assert ledger.known(BOX, NEW, [b"1.x", b"2.x"]) == set()
    assert ledger.add([added(1)]) == 1


def test_lines_wait_until_they_are_due_and_go_with_their_version(ledger):
    ledger.add([added(1), added(2, due=50.0)])
    assert [line.mail for line in ledger.take("urls", 49.0, 9)] == [1]
    assert ledger.waiting("urls", 49.0, 9) == 1
    lines = ledger.take("urls", 50.0, 9)
    ledger.give("urls", 1, [line.id for line in lines[:1]])
    assert ledger.waiting("urls", 50.0, 9) == 1
    ledger.sealed("urls", 1)
    assert ledger.seen("urls") == 1
    assert [mail.name for mail in ledger.old(BOX, 9.0, None, 9)] == [b"1.x"]


def test_what_was_given_to_a_version_that_never_came_waits_again(ledger):
    ledger.add([added(1)])
    ledger.withdraw([sha(7)], "a mistake", ["urls"])
    ledger.give("urls", 1, [line.id for line in ledger.take("urls", 0.0, 9)], [sha(7)])
    assert (ledger.waiting("urls", 0.0, 9), ledger.withdrawals("urls", 9)) == (0, [])
    ledger.release("urls")
    assert (ledger.waiting("urls", 0.0, 9), ledger.withdrawals("urls", 9)) == (1, [sha(7)])


def test_an_older_ledger_learns_what_was_sealed_without_it(ledger):
    ledger.add([added(1, views=("urls", "redacted"))])
    ledger.sealed_before("urls", 3, [sha(1), sha(2)], [sha(8)])
    assert ledger.waiting("urls", 0.0, 9) == 0
    assert ledger.waiting("redacted", 0.0, 9) == 1
    ledger.add([added(2, views=("urls", "redacted")), added(8)])
    assert ledger.waiting("urls", 0.0, 9) == 0
    assert ledger.waiting("redacted", 0.0, 9) == 2
    assert ledger.withdrawals("urls", 9) == []
    assert ledger.seen("urls") == 3


def test_a_withdrawn_mail_is_told_once_in_each_view_and_never_sealed_later(ledger):
    ledger.add([added(1), added(2)])
    assert ledger.withdraw([sha(1), sha(9)], "erasure", ["urls", "redacted"]) == 4
    assert ledger.withdraw([sha(1)], "again", ["urls"]) == 0
    assert ledger.waiting("urls", 0.0, 9) == 1
    ledger.add([added(9)])
    assert ledger.waiting("urls", 0.0, 9) == 1
    ledger.give("urls", 1, [], ledger.withdrawals("urls", 9))
    ledger.sealed("urls", 1)
    assert ledger.withdrawals("urls", 9) == []
    assert len(ledger.withdrawals("redacted", 9)) == 2


def test_only_sealed_mails_none_of_whose_lines_waits_are_old(ledger):
    ledger.add([added(1, views=("urls", "redacted")), added(2)])
    ledger.give("urls", 1, [line.id for line in ledger.take("urls", 0.0, 9)])
    ledger.sealed("urls", 1)
    assert [mail.name for mail in ledger.old(BOX, 9.0, None, 9)] == [b"2.x"]
    ledger.give("redacted", 1, [line.id for line in ledger.take("redacted", 0.0, 9)])
    ledger.sealed("redacted", 1)
    assert [mail.name for mail in ledger.old(BOX, 9.0, None, 9)] == [b"1.x", b"2.x"]
    assert ledger.old(BOX, 1.0, None, 9) == []


def test_old_mails_and_those_that_lie_there_are_asked_for_few_by_few(ledger):
    names = [b"%d.x" % n for n in range(9)]
    ledger.add([added(n) for n in (3, 1, 4, 0, 5, 8, 2, 6, 7)])
    ledger.give("urls", 1, [line.id for line in ledger.take("urls", 0.0, 9)])
    ledger.sealed("urls", 1)
    found, after = [], None
    while some := ledger.old(BOX, 8.0, after, 2):
        found += [mail.name for mail in some]
        after = some[-1]
    assert found == names[:8]
    there, last = [], b""
    while lying := ledger.lying_in(BOX, last, 2):
        there += [name for _, name in lying]
        last = lying[-1][1]
    assert there == names


@pytest.mark.parametrize("ask", [lambda book: book.old(BOX, 9.0, None, 9), lambda book: book.lying_in(BOX, b"", 9)])
def test_nothing_is_sorted_anew_for_each_few(ledger, ask):
    asked = []
    ledger._base.set_trace_callback(asked.append)
    ask(ledger)
    ledger._base.set_trace_callback(None)
    plan = [row[3] for statement in asked for row in ledger._rows(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_mails_that_went_are_forgotten_in_time(ledger):
    ledger.add([added(1), added(2)])
    ledger.gone([1, 2], 100.0)
    assert ledger.lying(sha(1)) == []
    assert ledger.known(BOX, NEW, [b"2.x"]) == {b"2.x"}  # it came back
    assert ledger.forget(100.0, 9) == 0
    assert ledger.forget(101.0, 9) == 0  # their lines wait
    ledger.give("urls", 1, [line.id for line in ledger.take("urls", 0.0, 9)])
    ledger.sealed("urls", 1)
    assert ledger.forget(101.0, 9) == 1
    assert ledger.known(BOX, NEW, [b"1.x", b"2.x"]) == {b"2.x"}


def test_how_far_an_mbox_was_read_goes_with_its_mails(ledger):
    position = Position(inode=5, place=70, tail=b"t" * 16)
    ledger.add([added(1)], {b"/mbox": position})
    assert ledger.position(b"/mbox") == position
    assert ledger.position(b"/other") is None


def test_all_of_it_is_there_after_a_start(tmp_path):
    first = Ledger(tmp_path / "ledger.sqlite")
    first.add([added(1)])
    second = Ledger(tmp_path / "ledger.sqlite")  # the command line, beside the agent
    second.withdraw([sha(5)], "why", ["urls"])
    assert first.withdrawals("urls", 9) == [sha(5)]
    first.close()
    second.close()
    third = Ledger(tmp_path / "ledger.sqlite")
    assert third.waiting("urls", 0.0, 9) == 1
    assert (tmp_path / "ledger.sqlite").stat().st_mode & 0o777 == 0o600
    third.close()


def test_one_of_a_newer_release_is_refused(tmp_path):
    base = sqlite3.connect(tmp_path / "ledger.sqlite")
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(ConfigError, match="newer release"):
        Ledger(tmp_path / "ledger.sqlite")


def test_every_commit_is_on_the_disk(ledger):
    assert ledger._rows("PRAGMA synchronous") == [(2,)]
    assert ledger._rows("PRAGMA journal_mode") == [(b"wal",)] or ledger._rows("PRAGMA journal_mode") == [("wal",)]


ENDS = ["done", "killed before", "killed after"]


def hash_of(line: bytes) -> bytes:
    return bytes.fromhex(line[11:75].decode())


class Sealing(RuleBasedStateMachine):
    """However reading, sealing and crashes follow one another, each mail is in one version of each view."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(Path(self.folder.name) / "ledger.sqlite")
        self.chains: dict[str, list[set[bytes]]] = {"urls": [], "redacted": []}
        self.read: dict[str, set[bytes]] = {"urls": set(), "redacted": set()}
        self.names: set[str] = set()

    @rule(n=st.integers(1, 30), name=st.sampled_from(["a", "b"]), views=st.sets(st.sampled_from(["urls", "redacted"])))
    def add(self, n, name, views):
        if f"{n}.{name}" in self.names:
            return
        self.names.add(f"{n}.{name}")
        self.ledger.add([added(n, f"{n}.{name}", tuple(views))])
        for view in views:
            self.read[view].add(sha(n))

    @rule(view=st.sampled_from(["urls", "redacted"]), most=st.integers(1, 10), end=st.sampled_from(ENDS))
    def seal(self, view, most, end):
        lines = self.ledger.take(view, 0.0, most)
        if not lines:
            return
        n = len(self.chains[view]) + 1
        self.ledger.give(view, n, [line.id for line in lines])
        if end == "killed before":
            self.ledger.release(view)
            return
        held = {hash_of(line.bytes) for line in lines}
        self.chains[view].append(held)
        if end == "killed after":
            self.ledger.sealed_before(view, n, held)
            self.ledger.release(view)
        else:
            self.ledger.sealed(view, n)

    @invariant()
    def each_mail_is_once_in_each_view(self):
        for view, versions in self.chains.items():
            told = [each for version in versions for each in version]
            assert len(told) == len(set(told))
            waiting = {hash_of(line.bytes) for line in self.ledger.take(view, 0.0, 1000)}
            assert waiting | set(told) == self.read[view]
            assert not waiting & set(told)

    def teardown(self):
        self.ledger.close()
        self.folder.cleanup()


TestSealing = Sealing.TestCase
TestSealing.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
