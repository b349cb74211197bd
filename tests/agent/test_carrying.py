"""What goes on when records are taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from support.sealed import grow

from tipd.agent import carrying
from tipd.agent.chain import Chain
from tipd.mail.record import Record, encode
from tipd.mail.view import SHIPPED, View

if TYPE_CHECKING:
    from pathlib import Path


def raw(*numbers: int) -> bytes:
    return b"".join(encode(Record(sha256=f"{n:064x}", at="2026-11-22T04:00:00Z", size=1)) + b"\n" for n in numbers)


def sha(n: int) -> bytes:
    return bytes.fromhex(f"{n:064x}")


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(tmp_path / "urls")
    for numbers in ((1, 2), (3, 4), (2, 5)):
        grow(made, tmp_path, raw(*numbers), onward=True, tlp="clear", licence="mine")
    return made


def test_every_version_that_holds_one_is_found(chain: Chain) -> None:
    assert carrying.plan(chain, []) == ([], ())
    assert carrying.plan(chain, [sha(9)]) == ([sha(9)], ())
    assert carrying.plan(chain, [sha(2), sha(9)]) == ([sha(2), sha(9)], (1, 3))


def test_what_does_not_fit_waits_but_one_always_goes(chain: Chain) -> None:
    assert carrying.plan(chain, [sha(2), sha(3), sha(9), sha(1)], most=1) == ([sha(2), sha(9), sha(1)], (1, 3))


def test_others_go_on_once(chain: Chain) -> None:
    lines = list(carrying.remaining(chain, (1, 3), [sha(1)]))
    assert [carrying.read_line(each).sha256 for each in lines] == [f"{n:064x}" for n in (2, 5)]


def test_nothing_is_allowed_that_was_not(chain: Chain, tmp_path: Path) -> None:
    view = View(tlp="green", onward=True, licence="ours")
    assert carrying.terms_of(chain, (), view) == ("green", "ours", True, "")
    assert carrying.terms_of(chain, (1,), view) == ("green", "ours / mine", True, "2026-11-22T04:00:00Z")
    grow(chain, tmp_path, b"", onward=False, tlp="amber", licence="", carried_from="2026-11-01T00:00:00Z")
    assert carrying.terms_of(chain, (4,), view) == ("amber", "ours", False, "2026-11-01T00:00:00Z")
    assert carrying.terms_of(chain, (1,), SHIPPED["redacted"]).onward is SHIPPED["redacted"].onward


def test_lines_of_those_are_removed(chain: Chain) -> None:
    carrying.bury(chain, (1, 3), 3)
    carrying.bury(chain, (1, 3), 3)
    assert [chain.has_body(n) for n in (1, 2, 3)] == [False, True, True]
    assert chain.first == 2


def test_a_damaged_version_is_read_as_far_as_it_goes(chain: Chain) -> None:
    path = chain.body(1)
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    assert all(msgspec.json.decode(line) for _, line in carrying.lines_of(path))
    assert carrying.plan(chain, [sha(5)]).numbers == (3,)
    path.write_bytes(b"not zstd at all")
    assert list(carrying.lines_of(path)) == []
