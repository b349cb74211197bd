"""What may be passed on: the manifests whole, the lines each of them allows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import sealed

from tipd.agent.chain import Chain
from tipd.model.tlp import Tlp
from tipd.modules.spamtrap.agents import onward as onward_
from tipd.modules.spamtrap.agents.onward import Onward


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Two that allow it, one that does not, one too strict, one red, one that does."""
    made = Chain(tmp_path / "chain")
    for onward, tlp in ((False, "green"), (True, "green"), (True, "amber"), (True, "amber+strict"), (True, "red")):
        sealed.grow(made, tmp_path, b"{}\n", onward=onward, tlp=tlp)
    sealed.grow(made, tmp_path, b"{}\n", onward=True, tlp="no mark")
    return made


def given(onward: Onward) -> list[int]:
    found = []
    for n in range(1, onward.last + 1):
        try:
            found.append(n) if onward.body(n).exists() else None
        except FileNotFoundError:
            continue
    return found


@pytest.mark.parametrize(
    ("most", "numbers"), [(Tlp.GREEN, [2]), (Tlp.AMBER, [2, 3]), (Tlp.AMBER_STRICT, [2, 3, 4]), (Tlp.RED, [2, 3, 4])]
)
def test_which_lines_are_given(chain: Chain, most: Tlp, numbers: list[int]) -> None:
    onward = Onward(chain, most)
    onward.show(99)
    assert given(onward) == numbers
    assert (onward.first, onward.last) == (numbers[0], 6)
    assert [onward.manifest(n) for n in range(1, 7)] == [chain.manifest(n) for n in range(1, 7)]


def test_only_what_is_stored_is_shown(chain: Chain, tmp_path: Path) -> None:
    onward = Onward(chain, Tlp.AMBER)
    assert not onward.allowed
    onward.show(1)
    assert not onward.allowed
    onward.show(2)
    assert onward.allowed
    assert (onward.last, given(onward)) == (2, [2])
    with pytest.raises(FileNotFoundError):
        onward.manifest(3)
    with pytest.raises(FileNotFoundError):
        onward.body(3)
    other = Chain(tmp_path / "chain")  # somebody else appends and buries
    sealed.grow(other, tmp_path, b"{}\n", onward=True)
    other.bury(2)
    onward.show(7)
    assert (onward.first, onward.last, given(onward)) == (3, 7, [3, 7])


def test_what_is_remembered_has_an_end(chain: Chain, monkeypatch) -> None:
    monkeypatch.setattr(onward_, "LATEST", 2)
    onward = Onward(chain, Tlp.AMBER)
    onward.show(6)
    assert given(onward) == [2, 3]
    assert len(onward._allowed) <= 2
