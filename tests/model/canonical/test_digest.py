"""Hashes and fingerprints."""

import pytest

from tipd.model.canonical.digest import LENGTH, canonical_digest
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind


@pytest.mark.parametrize("kind", LENGTH)
def test_lower_case_without_colons(kind):
    value = "0A" * (LENGTH[kind] // 2)
    assert canonical_digest(value, kind) == value.lower()
    assert canonical_digest(":".join(["0A"] * (LENGTH[kind] // 2)), kind) == value.lower()


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("0a" * 16, Kind.SHA1, "wrong_kind"),
        ("0a" * 17, Kind.SHA1, "malformed"),
        ("0g" * 20, Kind.SHA1, "malformed"),
        ("", Kind.MD5, "malformed"),
        ("0" * 32, Kind.MD5, "bogon"),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", Kind.SHA1, "bogon"),
    ],
)
def test_refused(text, kind, reason):
    with pytest.raises(RefusedValue) as caught:
        canonical_digest(text, kind)
    assert caught.value.reason == reason


def test_the_empty_file_can_be_asked_for():
    assert canonical_digest("d41d8cd98f00b204e9800998ecf8427e", Kind.MD5, poison=False).startswith("d41d")
