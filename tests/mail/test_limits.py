"""Bounds of one mail."""

from tipd.mail.limits import DEFAULT


def test_every_bound_is_one():
    assert all(getattr(DEFAULT, name) > 0 for name in DEFAULT.__struct_fields__)
    assert DEFAULT.header < DEFAULT.text < DEFAULT.size
