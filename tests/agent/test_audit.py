"""The book of who did what."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tipd.agent.audit import Audit


class Fixed:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_lines_are_added_for_the_owner_alone(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl", Fixed())
    audit.write("enroll", peer="lab\n", view="full")
    audit.write("revoke", peer="lab")
    lines = (tmp_path / "audit.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line) for line in lines] == [
        {"at": "2026-11-22T04:00:00Z", "what": "enroll", "peer": "lab\n", "view": "full"},
        {"at": "2026-11-22T04:00:00Z", "what": "revoke", "peer": "lab"},
    ]
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"."):
        Audit(tmp_path / "audit.jsonl", Fixed()).write("enroll")
    assert not (tmp_path / "elsewhere").exists()
