"""One archive source, once: which of its archives are looked at; the rest stands in test_module.py."""

from types import SimpleNamespace

import pytest

from tipd.errors import WorkerFailed
from tipd.model.spam import ArchiveMark
from tipd.modules.spamtrap.archives import collect
from tipd.modules.spamtrap.archives.collect import Collect
from tipd.modules.spamtrap.archives.listing import Listing, Piece
from tipd.modules.spamtrap.archives.reading import Deadly, UnpackFailed
from tipd.modules.spamtrap.archives.taker import Took
from tipd.modules.spamtrap.settings import ArchiveSettings, Layout
from tipd.net.request import FetchError


def mark(name, *, done=True, stamp=""):
    return ArchiveMark(archive="a", name=name, sha256=b"", members=1, done=done, stamp=stamp)


class Log:
    def warning(self, *_, **__):
        pass


def tools(pieces, marks, outcomes, monkeypatch):
    """Return tools whose folder holds these, and a taker that ends so; `taken` is what was looked at."""
    taken = []

    class Taker:
        def __init__(self, *_):
            pass

        async def take(self, piece, _mark):
            taken.append(piece.name)
            outcome = outcomes.get(piece.name, Took(3, 2))
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    async def call(*_, **__):
        return Listing(pieces=tuple(pieces))

    async def marked(_name):
        return {each.name: each for each in marks}

    monkeypatch.setattr(collect, "Taker", Taker)
    spam = SimpleNamespace(marks=marked)
    made = SimpleNamespace(
        workers=SimpleNamespace(call=call),
        store=SimpleNamespace(spam=spam),
        log=Log(),
        memory=1,
        show=lambda *_, **__: None,
    )
    return made, taken


async def test_the_newest_first_and_of_those_done_only_what_changed(monkeypatch):
    pieces = [Piece(name=f"2026-{n}.7z", path=b"/x", stamp=str(n)) for n in (9, 10, 11)]
    marks = [mark("2026-9.7z", stamp="9"), mark("2026-10.7z", stamp="old"), mark("2026-11.7z", done=False)]
    made, taken = tools(pieces, marks, {}, monkeypatch)
    tally = await Collect(made, ArchiveSettings(name="a", path="/x")).run()
    assert taken == ["2026-11.7z", "2026-10.7z"]
    assert (tally.state, tally.archives, tally.taken, tally.mails, tally.new) == ("ok", 3, 2, 6, 4)


@pytest.mark.parametrize(("grows", "expected"), [(0, []), (1, ["2026-11.7z"]), (9, ["2026-11.7z", "2026-10.7z"])])
def test_of_a_site_only_the_newest_are_asked_for_again(grows, expected):
    source = ArchiveSettings(name="a", url="http://a.example/", layout=Layout(grows=grows))
    pieces = [Piece(name=name, url="u") for name in ("2026-11.7z", "2026-10.7z")]
    marks = {piece.name: mark(piece.name) for piece in pieces}
    assert [piece.name for piece in Collect(None, source)._wanted(pieces, marks)] == expected


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (FetchError("rate_limited", "later", retry_after=90.0), "rate_limited"),
        (UnpackFailed("damaged"), "damaged"),
        (Deadly(3, "killed"), "damaged"),
        (WorkerFailed("system", "full"), "unreachable"),
    ],
)
async def test_one_that_fails_harms_no_other(monkeypatch, fault, state):
    pieces = [Piece(name=f"{n}.7z", path=b"/x") for n in range(3)]
    made, taken = tools(pieces, [], {"1.7z": fault}, monkeypatch)
    tally = await Collect(made, ArchiveSettings(name="a", path="/x")).run()
    assert taken == ["2.7z", "1.7z", "0.7z"] and tally.state == state and tally.new == 4
    assert "1.7z" in tally.why and tally.retry_after == getattr(fault, "retry_after", None)


async def test_many_faults_are_told_shortly(monkeypatch):
    pieces = [Piece(name=f"{n}.7z", path=b"/x") for n in range(9)]
    made, _ = tools(pieces, [], {piece.name: UnpackFailed("damaged") for piece in pieces}, monkeypatch)
    tally = await Collect(made, ArchiveSettings(name="a", path="/x")).run()
    assert tally.why.endswith("and 6 more") and len(tally.faults) == 9


@pytest.mark.parametrize("cut", [False, True])
async def test_more_than_is_looked_at_is_told(monkeypatch, cut):
    made, taken = tools([Piece(name="a.7z", path=b"/a.7z", stamp="1")], [], {}, monkeypatch)

    async def call(*_, **__):
        return Listing(pieces=(Piece(name="a.7z", path=b"/a.7z", stamp="1"),), cut=cut)

    made.workers = SimpleNamespace(call=call)
    tally = await Collect(made, ArchiveSettings(name="a", path="/srv")).run()
    assert (tally.state, taken) == ("ok", ["a.7z"])
    assert (tally.why is not None and "more than is looked at" in tally.why) == cut


async def test_a_page_of_many_folders_is_followed_as_far_as_pages_are_read(monkeypatch):
    made, _ = tools([], [], {}, monkeypatch)
    collecting = Collect(made, ArchiveSettings(name="a", url="http://a.example.org/"))
    asked = []

    async def page(url):
        asked.append(url)
        if len(asked) == 1:
            return Listing(pages=tuple(f"{url}{number}/" for number in range(collect.MOST_PAGES + 10)))
        return Listing(pieces=(Piece(name=url, url=url),))

    monkeypatch.setattr(collecting, "_page", page)
    assert len(await collecting._pieces()) == collect.MOST_PAGES - 1
    assert collecting._cut
