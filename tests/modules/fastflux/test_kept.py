"""Names that are kept beyond their record, warm and cold."""

from support.probing import packed

from tipd.modules.fastflux.kept import Kept, Shelf
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look


def history() -> History:
    made = History()
    made.add(Look(1000.0, addresses=packed("192.0.2.1"), ttl=60))
    made.add(Look(1100.0, addresses=packed("192.0.2.2"), ttl=60))
    return made


def test_what_lies_cold_is_warmed_when_it_is_taken() -> None:
    shelf = Shelf()
    shelf.lay(4, history().pack())
    assert 4 in shelf
    assert shelf.warm(4) is None
    kept = shelf.take(4)
    assert list(kept.history.spread.numbers) == [0xC0000201, 0xC0000202]
    assert shelf.warm(4) is shelf.take(4) is kept
    assert shelf.facts() == {"warm": 1, "cold": 0, "unreadable": 0}


def test_what_is_warm_is_laid_down() -> None:
    shelf = Shelf()
    kept = shelf.keep(1, history())
    shelf.cool(1, kept.history.pack())
    assert shelf.facts() == {"warm": 0, "cold": 1, "unreadable": 0}
    assert shelf.take(1).history.looks == 2


def test_an_unreadable_memo_is_counted_and_gone() -> None:
    shelf = Shelf()
    shelf.lay(1, b"\0no history")
    assert shelf.take(1) is None
    assert 1 not in shelf
    assert shelf.facts()["unreadable"] == 1


def test_what_is_forgotten_is_nowhere() -> None:
    shelf = Shelf()
    shelf.keep(1, history())
    shelf.lay(2, b"x")
    for slot in (1, 2, 3):
        shelf.forget(slot)
    assert shelf.take(1) is shelf.take(2) is None


def test_what_others_know_is_told_once() -> None:
    kept = Kept(history())
    assert kept.learn(shared=2, shared_names=5, siblings=None)
    assert not kept.learn(shared=2, shared_names=None, siblings=None)
    assert kept.learn(shared=None, shared_names=None, siblings={"spam": 1})
    assert (kept.given.shared, kept.given.shared_names, kept.given.siblings) == (2, 5, {"spam": 1})
