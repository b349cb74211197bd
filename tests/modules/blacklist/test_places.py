"""The module's files."""

from tipd.modules.blacklist.places import Places


def test_scratch_and_sweep(tmp_path):
    places = Places(tmp_path)
    one, two = places.scratch("a"), places.scratch("a")
    assert one != two
    assert one.stat().st_mode & 0o077 == 0
    (one / "body").write_text("x")
    places.sweep()
    assert not one.exists()
    places.sweep()


def test_snapshots_and_refused_bodies_are_moved_into_place(tmp_path):
    places = Places(tmp_path)
    for text in ("one", "two"):
        made, body = tmp_path / "made", tmp_path / "body"
        made.write_text(text)
        body.write_text(text)
        places.keep_snapshot(made, 7)
        assert places.set_aside(body, "a").read_text() == text
        assert not made.exists()
    assert places.snapshot(7).read_text() == "two"
