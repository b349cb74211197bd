"""What is to be forgotten, written down until it is."""

from pathlib import Path

from tipd.model.kind import Kind
from tipd.modules.blacklist.errands import Errand, Errands


def errand(number: str) -> Errand:
    return Errand(id=number, kind=Kind.IPV4, value="192.0.2.1", by="me", reason="x", block=True, below=False)


def test_it_stands_there_until_it_is_dropped(tmp_path: Path) -> None:
    errands = Errands(tmp_path)
    assert errands.all() == []
    errands.drop("a")
    for number in ("b", "a"):
        errands.put(errand(number))
    assert Errands(tmp_path).all() == [errand("a"), errand("b")]
    assert (tmp_path / "forgetting").stat().st_mode & 0o077 == 0
    errands.drop("a")
    assert errands.all() == [errand("b")]


def test_what_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    errands = Errands(tmp_path)
    errands.put(errand("b"))
    for name, text in (("a.json", "{"), ("c.json", '{"id": 3}'), ("d.new", "half")):
        (tmp_path / "forgetting" / name).write_text(text)
    assert errands.all() == [errand("b")]
