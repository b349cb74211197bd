"""Marks of the Traffic Light Protocol."""

import pytest

from tipd.model.tlp import WORDS, Tlp, read_tlp, tlp_of


def test_every_mark_has_a_word_and_grows_in_strictness():
    assert [mark.word for mark in sorted(Tlp)] == ["clear", "green", "amber", "amber+strict", "red"]
    assert all(tlp_of(word) is mark for mark, word in WORDS.items())


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("TLP:AMBER", Tlp.AMBER),
        ("tlp:white", Tlp.CLEAR),
        (" TLP: Clear ", Tlp.CLEAR),
        ("green", Tlp.GREEN),
        ("tlp:amber+strict", Tlp.AMBER_STRICT),
        ("TLP:AMBER STRICT", Tlp.AMBER_STRICT),
        ("tlp-amber-strict", Tlp.AMBER_STRICT),
        ("TLP:RED", Tlp.RED),
        ("", Tlp.RED),
        ("for friends", Tlp.RED),
    ],
)
def test_marks_of_others_are_read_and_what_cannot_be_is_red(text, mark):
    assert read_tlp(text) is mark


def test_a_word_of_our_own_must_be_one():
    with pytest.raises(ValueError, match="clear, green, amber"):
        tlp_of("yellow")
