"""Kinds and their numbers in the database."""

from tipd.model.kind import CODE_OF, KIND_OF, Kind


def test_every_kind_has_its_own_number():
    assert set(CODE_OF) == set(Kind)
    assert len(KIND_OF) == len(CODE_OF)


def test_numbers_never_change():
    assert [CODE_OF[kind] for kind in Kind] == list(range(1, 13))
