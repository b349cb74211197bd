"""Kept bodies: whole or not at all, found out where damaged, pruned by age and by room."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from support.stores import START

from tipd.store.bodies import FORGOTTEN, Bodies, BodyDamaged, BodyGone

DAY = timedelta(days=1)
TEXT = b"192.0.2.7\nexample.org\n" * 200
SHA = hashlib.sha256(TEXT).digest()


@pytest.fixture
def bodies(tmp_path: Path) -> Bodies:
    return Bodies.below(tmp_path / "state", 30 * DAY, 10**6)


def put(bodies: Bodies, folder: Path, source: int, round_id: int, *, days: int = 0, text: bytes = TEXT) -> str:
    body = folder / "body"
    body.write_bytes(text)
    name = bodies.keep(source, round_id, body, START + days * DAY)
    assert name is not None
    return name


def test_a_body_comes_back_as_it_was(bodies: Bodies, tmp_path: Path) -> None:
    name = put(bodies, tmp_path, 3, 17)
    assert name == "3/17.zst"
    assert bodies.restore(name, SHA, tmp_path / "out") == len(TEXT)
    assert (tmp_path / "out").read_bytes() == TEXT
    assert b"".join(bodies.pieces(name, SHA)) == TEXT
    bodies.check(name, SHA)
    (kept,) = bodies.all()
    assert (kept.source, kept.round, kept.at) == (3, 17, START)
    assert kept.size < len(TEXT)
    assert (bodies.folder.stat().st_mode & 0o777, (bodies.folder / "3").stat().st_mode & 0o777) == (0o700, 0o700)


def test_what_unpacks_to_much_is_read_in_pieces(bodies: Bodies, tmp_path: Path) -> None:
    text = bytes(20_000_000)
    name = put(bodies, tmp_path, 1, 1, text=text)
    assert max(map(len, bodies.pieces(name, hashlib.sha256(text).digest()))) <= 1 << 20


def test_history_goes_in_its_time_and_never_displaces_what_came_last(bodies: Bodies, tmp_path: Path) -> None:
    last = put(bodies, tmp_path, 3, 17)
    (tmp_path / "body").write_bytes(TEXT)
    past = bodies.keep(3, 18, tmp_path / "body", START + DAY, past=True)
    assert past == "3/18.past.zst"
    assert b"".join(bodies.pieces(past, SHA)) == TEXT
    assert [(one.round, one.past) for one in bodies.all()] == [(17, False), (18, True)]
    assert [one.name for one in bodies.prune(START + 40 * DAY)] == [past]
    assert [one.name for one in bodies.all()] == [last]


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: b"not zstd at all",
        lambda raw: raw[:20] + bytes([raw[20] ^ 1]) + raw[21:],
        lambda raw: zstandard.compress(TEXT.replace(b"192.0.2.7", b"192.0.2.8")),
        lambda raw: zstandard.compress(TEXT + b"192.0.2.9\n"),
    ],
)
def test_a_damaged_body_is_told_and_never_read_half(bodies: Bodies, tmp_path: Path, harm) -> None:
    name = put(bodies, tmp_path, 3, 17)
    path = bodies.folder / name
    path.write_bytes(harm(path.read_bytes()))
    pieces = bodies.pieces(name, SHA)
    with pytest.raises(BodyDamaged, match=r"17\.zst is damaged"):
        next(pieces)
    with pytest.raises(BodyDamaged):
        bodies.check(name, SHA)


@given(at=st.integers(0, 60), bit=st.integers(0, 7))
def test_any_bit_that_flips_is_found(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    folder = tmp_path_factory.mktemp("bits")
    bodies = Bodies.below(folder, 30 * DAY, 10**6)
    name = put(bodies, folder, 1, 1)
    path = bodies.folder / name
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= 1 << bit
    path.write_bytes(raw)
    try:
        given_back = b"".join(bodies.pieces(name, SHA))
    except BodyDamaged:
        return
    assert given_back == TEXT  # a bit that says nothing


def test_what_is_not_there_is_gone_not_damaged(bodies: Bodies, tmp_path: Path) -> None:
    name = put(bodies, tmp_path, 3, 17)
    bodies.drop(name)
    bodies.drop(name)
    for missing, why in ((name, "is not there"), (None, "is not kept"), (FORGOTTEN, "forgotten"), ("../x", "no kept")):
        with pytest.raises(BodyGone, match=why):
            bodies.check(missing, SHA)
    bodies.drop("../../x.zst")


def test_nothing_is_kept_where_nothing_shall_be(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(TEXT)
    for bodies in (Bodies.below(tmp_path, timedelta(0), 100), Bodies.below(tmp_path, DAY, 0)):
        assert bodies.keep(1, 1, tmp_path / "body", START) is None
    assert list(tmp_path.iterdir()) == [tmp_path / "body"]


def test_a_body_that_cannot_be_written_leaves_nothing(bodies: Bodies, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        bodies.keep(3, 17, tmp_path / "no such body", START)
    assert list(bodies.folder.glob("*/*")) == []


def test_what_is_past_its_time_goes_but_each_source_s_last_stays(bodies: Bodies, tmp_path: Path) -> None:
    for round_id, days in ((1, -50), (2, -40), (3, -20), (4, -1)):
        put(bodies, tmp_path, 1, round_id, days=days)
    put(bodies, tmp_path, 2, 5, days=-60)
    assert [one.round for one in bodies.prune(START)] == [1, 2]
    assert [one.round for one in bodies.all()] == [5, 3, 4]
    assert bodies.prune(START) == []


def test_the_oldest_make_room(tmp_path: Path) -> None:
    roomy = Bodies.below(tmp_path, 30 * DAY, 10**6)
    for round_id in range(1, 6):
        put(roomy, tmp_path, 1 + round_id % 2, round_id, days=round_id - 10, text=os.urandom(1000))
    assert [one.round for one in Bodies(roomy.folder, 30 * DAY, 3500).prune(START)] == [1, 2]
    assert [one.round for one in Bodies(roomy.folder, 30 * DAY, 1500).prune(START)] == [3, 4]
    assert [one.round for one in Bodies(roomy.folder, 30 * DAY, 10).prune(START)] == [5]


def test_with_keeping_off_all_that_was_kept_goes(bodies: Bodies, tmp_path: Path) -> None:
    put(bodies, tmp_path, 1, 1)
    assert [one.round for one in Bodies(bodies.folder, timedelta(0)).prune(START)] == [1]


def test_what_a_killed_process_left_is_swept(bodies: Bodies, tmp_path: Path) -> None:
    put(bodies, tmp_path, 1, 1)
    for name, age in (("2.new", 2), ("3.new", 0)):
        path = bodies.folder / "1" / name
        path.write_bytes(b"half")
        stamp = START.timestamp() - age * 3600
        os.utime(path, (stamp, stamp))
    (bodies.folder / "1" / "strange.zst").write_bytes(b"?")
    bodies.prune(START)
    assert sorted(path.name for path in (bodies.folder / "1").iterdir()) == ["1.zst", "3.new", "strange.zst"]
