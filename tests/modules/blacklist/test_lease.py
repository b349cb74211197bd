"""What a round has taken is noted where the next process finds it."""

from datetime import UTC, datetime, timedelta

from tipd.modules.blacklist.lease import Lease, note, noted

BEGAN = datetime(2026, 11, 22, 4, 0, 0, 123457, UTC)


def test_what_is_noted_comes_back_to_the_microsecond(tmp_path):
    place = tmp_path / "lease.json"
    assert noted(place) is None
    for minutes in (1, 2):
        lease = Lease(began=BEGAN, until=BEGAN + timedelta(minutes=minutes, microseconds=1))
        note(place, lease)
        assert noted(place) == lease
    assert [each.name for each in tmp_path.iterdir()] == ["lease.json"]


def test_what_cannot_be_read_is_no_lease(tmp_path):
    place = tmp_path / "lease.json"
    for body in (b"", b"{", b'{"began": 1}', b"\xff", b"[]"):
        place.write_bytes(body)
        assert noted(place) is None
    place.unlink()
    place.mkdir()
    assert noted(place) is None
