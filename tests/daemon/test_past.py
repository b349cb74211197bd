"""The parts of the past, as the house builds them."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tipd.daemon.past import PastParts


@pytest.mark.parametrize(("parts", "swept"), [({"api", "blacklist"}, True), ({"blacklist"}, False)])
def test_they_stand_below_the_state_folder(tmp_path: Path, parts: set[str], swept: bool) -> None:
    left = tmp_path / "uploads" / "left.part"
    half = tmp_path / "spool_past" / "past-one" / "body"
    theirs = tmp_path / "spool" / "one" / "body"
    for path in (left, half, theirs):
        path.parent.mkdir(parents=True)
        path.touch()
    tables = {"modules": {"blacklist": {"keep_bodies": "2d", "keep_bodies_size": "1MB"}}, "api": {"max_upload": "5MB"}}

    house = SimpleNamespace(
        config=_config(tmp_path, tables),
        parts=frozenset(parts),
        clock=None,
        rng=None,
        fetcher=None,
        workers=None,
        resolver=None,
        health=SimpleNamespace(node=lambda _name: None),
    )
    built = PastParts(house, SimpleNamespace())
    assert (built.bodies.keep_for, built.bodies.folder) == (timedelta(days=2), tmp_path / "bodies")
    assert built.uploads.folder == tmp_path / "uploads"
    assert [left.exists(), half.exists(), theirs.exists()] == [not swept, not swept, True]


def _config(state_dir: Path, tables: dict) -> SimpleNamespace:
    def section(name: str, kind: type) -> object:
        import msgspec

        found = tables
        for word in name.split("."):
            found = found.get(word, {})
        return msgspec.convert(found, kind)

    return SimpleNamespace(state_dir=state_dir, section=section)
