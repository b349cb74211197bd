"""What was pulled, as it was sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import sealed
from support.pulling import Memory, mails

from tipd.agent import protocol
from tipd.agent.chain import ChainError
from tipd.modules.spamtrap.agents.origin import Lines
from tipd.modules.spamtrap.agents.proofs import Proofs, latest
from tipd.modules.spamtrap.agents.verifying import Course, Refusal, Version


def versions(count: int, **more) -> list[tuple[Version, Lines | None]]:
    agent = Memory()
    for n in range(count):
        agent.grow(mails(n), **more)
    return [
        (
            Version(n, data, protocol.read(data, sealed.KEY), protocol.digest(data)),
            Lines(data=agent.bodies[n]),  # type: ignore[arg-type]
        )
        for n, data in enumerate(agent.manifests, 1)
    ]


def test_put_and_read_again(tmp_path: Path) -> None:
    pairs = versions(3)
    Proofs(tmp_path, "mx1", "redacted").put(pairs[:2])
    proofs = Proofs(tmp_path, "mx1", "redacted")
    large = proofs.part(3)
    large.write_bytes(pairs[2][1].data)  # type: ignore[union-attr]
    proofs.put([(pairs[2][0], Lines(path=large))])
    assert [proofs.version(n) for n in (1, 2, 3)] == [version for version, _ in pairs]
    assert proofs.course() == Course(3, pairs[2][0].digest, sealed.KEY, "mx1", "redacted")
    assert Proofs(tmp_path, "mx2", "redacted").course() == Course()
    assert not large.exists()
    assert [n for n, _ in proofs.bodies()] == [1, 2, 3]
    with pytest.raises(ChainError):
        proofs.put(pairs[:1])


def test_what_was_gone_is_a_tombstone(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "mx1", "redacted")
    (one, _), *rest = versions(2)
    proofs.put([(one, None), *rest])
    assert [n for n, _ in proofs.bodies()] == [2]


def test_what_was_begun_and_is_not_needed_goes(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "mx1", "redacted")
    proofs.put(versions(2))
    for name in ("1.part", "2.part", "3.part", "rubbish"):
        (proofs.folder / ".incoming" / name).write_bytes(b"x")
    proofs.sweep()
    assert [path.name for path in (proofs.folder / ".incoming").iterdir()] == ["3.part"]


def test_set_aside(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "mx1", "redacted")
    for number in (1, 2):
        proofs.put(versions(2))
        assert proofs.set_aside().name == f"redacted.aside.{number}"
        assert proofs.last == 0
    proofs.put(versions(1))
    assert proofs.last == 1


def test_old_lines_go_and_manifests_stay(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "mx1", "redacted")
    old, new = versions(4, sealed="2026-01-01T00:00:00Z"), []
    proofs.put(old)
    assert proofs.expire(datetime(2025, 1, 1, tzinfo=UTC)) == new
    assert proofs.expire(datetime(2026, 6, 1, tzinfo=UTC)) == [1, 2, 3, 4]
    assert proofs.expire(datetime(2026, 6, 1, tzinfo=UTC)) == []
    assert proofs.last == 4
    assert proofs.version(4).n == 4


@pytest.mark.parametrize("view", ["..", "a/b", "", ".x", "x\n"])
def test_names_that_are_no_folders(tmp_path: Path, view: str) -> None:
    with pytest.raises(Refusal):
        Proofs(tmp_path, "mx1", view)
    assert list(tmp_path.iterdir()) == []


def test_the_newest_manifests(tmp_path: Path) -> None:
    assert latest(tmp_path, "mx1") == []
    for view in ("redacted", "urls"):
        Proofs(tmp_path, "mx1", view).put(versions(2))
    Proofs(tmp_path, "mx1", "urls").set_aside()
    (tmp_path / "mx1" / "a file").write_bytes(b"x")
    assert [(one.n, one.view) for one in latest(tmp_path, "mx1")] == [(2, "redacted")]
