"""How agents' versions mark what they bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support import pulling, sealed
from support.pulling import FakeRows

from tipd.agent import protocol
from tipd.agent.chain import Chain
from tipd.clock import SystemClock
from tipd.model.tlp import Tlp
from tipd.modules.spamtrap.agents.marks import Marks, strictest
from tipd.modules.spamtrap.settings import SpamtrapSettings


def manifest(tlp: str, **more: Any) -> protocol.Manifest:
    return protocol.read(sealed.manifest(1, None, b"x", tlp=tlp, **more), sealed.KEY)


def marks(folder: Path, rows: FakeRows, **settings: Any) -> Marks:
    agents = (pulling.source(**settings), pulling.source(name="mx2"))
    return Marks(SpamtrapSettings(agents=agents), folder, rows, SystemClock())


def test_the_strictest() -> None:
    assert strictest([manifest("clear"), manifest("amber"), manifest("green")]) is Tlp.AMBER
    assert strictest([manifest("clear"), manifest("what")]) is Tlp.RED
    assert strictest([]) is Tlp.RED


async def test_the_stricter_of_both_holds(tmp_path: Path) -> None:
    rows = FakeRows()
    mine = marks(tmp_path, rows, tlp="green")
    await mine.declare()
    assert rows.rows["mx1"].tlp is Tlp.RED  # nothing was heard of it yet
    for tlp, mark in (("clear", Tlp.GREEN), ("amber", Tlp.AMBER), ("clear", Tlp.GREEN)):
        await mine.mark("mx1", [manifest(tlp)])
        assert rows.rows["mx1"].tlp is mark
    assert rows.rows["mx2"].tlp is Tlp.RED
    assert rows.rows["mx1"].class_ == "spam"


async def test_only_what_goes_onward_may_be_redistributed(tmp_path: Path) -> None:
    rows = FakeRows()
    mine = marks(tmp_path, rows, redistribute=True)
    await mine.declare()
    assert not rows.rows["mx1"].redistribute  # nothing was heard of it yet
    for onward in (False, True, False, True):
        await mine.mark("mx1", [manifest("clear", onward=onward)])
        assert rows.rows["mx1"].redistribute is onward
    await mine.mark("mx1", [manifest("clear", onward=True), manifest("clear")])
    assert not rows.rows["mx1"].redistribute
    await mine.mark("mx2", [manifest("clear", onward=True)])
    assert not rows.rows["mx2"].redistribute  # its settings do not say so


async def test_what_goes_onward_holds_over_a_restart(tmp_path: Path) -> None:
    rows = FakeRows()
    chain = Chain(tmp_path / "mx1" / "redacted")
    sealed.grow(chain, _made(tmp_path), b"{}\n", onward=True)
    await marks(tmp_path, rows, redistribute=True).declare()
    assert rows.rows["mx1"].redistribute
    sealed.grow(chain, tmp_path / "x", b"{}\n")
    await marks(tmp_path, rows, redistribute=True).declare()
    assert not rows.rows["mx1"].redistribute


async def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    rows = FakeRows()
    mine = marks(tmp_path, rows)
    await mine.mark("mx1", [manifest("amber")])
    written = len(rows.declared)
    await mine.mark("mx1", [manifest("amber")])
    assert len(rows.declared) == written


async def test_what_lies_here_is_heard_at_the_start(tmp_path: Path) -> None:
    sealed.grow(Chain(tmp_path / "mx1" / "redacted"), _made(tmp_path), b"{}\n", tlp="amber")
    rows = FakeRows()
    mine = marks(tmp_path, rows)
    await mine.declare()
    assert rows.rows["mx1"].tlp is Tlp.AMBER
    await mine.mark("mx1", [manifest("clear")])  # of an older version: the newest still holds
    assert rows.rows["mx1"].tlp is Tlp.AMBER


def _made(folder: Path) -> Path:
    (folder / "x").mkdir()
    return folder / "x"
