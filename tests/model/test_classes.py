"""The classes: RSIT's and ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.classes import _ALSO, CLASSES, OURS, RSIT, classification, read_class


def test_no_word_is_both_the_taxonomys_and_ours():
    assert not set(RSIT) & set(OURS)
    assert all(OURS.values())


def test_the_taxonomy_has_eleven_classifications():
    assert len(set(RSIT.values())) == 11
    assert classification("c2-server") == "malicious-code"
    assert classification("tor-exit") == "other"


def test_what_is_no_class_has_no_classification():
    with pytest.raises(ValueError, match="'evil' is no class"):
        classification("evil")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("phishing", "phishing"),
        (" C2 Server ", "c2-server"),
        ("botnet_cc", "c2-server"),
        ("C&C", "c2-server"),
        ("brute-force", "brute-force"),
        ("BruteForce", "brute-force"),
        ('rsit:fraud="phishing"', "phishing"),
        ("malware_download", "malware-distribution"),
        ("", None),
        ('"', None),
        ("weather", None),
    ],
)
def test_others_words_are_read(text, word):
    assert read_class(text) == word


def test_every_other_word_means_a_class():
    assert set(_ALSO.values()) <= CLASSES
    assert not set(_ALSO) & CLASSES


@given(st.text())
def test_any_text_is_a_class_or_none(text):
    assert read_class(text) in {None, *CLASSES}


@given(st.sampled_from(sorted(CLASSES)), st.sampled_from(["-", "_", " "]), st.booleans())
def test_a_class_is_read_in_any_dress(word, joint, upper):
    text = word.replace("-", joint)
    assert read_class(f" {text.upper() if upper else text} ") == word
