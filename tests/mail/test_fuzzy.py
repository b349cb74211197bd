"""Fuzzy hashes of text."""

import random

import pytest

from tipd.mail.fuzzy import distance, fuzzy


def test_near_texts_are_near_and_strangers_far():
    rng = random.Random(3)
    vocabulary = ["".join(rng.choice("abdeilmnorst") for _ in range(6)) for _ in range(2000)]
    text = [rng.choice(vocabulary) for _ in range(300)]
    changed = [word if at % 60 else "other" for at, word in enumerate(text)]
    stranger = [rng.choice(vocabulary) for _ in range(300)]
    one = fuzzy(" ".join(text))
    assert len(one) == 32
    assert distance(one, fuzzy("\n".join(text).upper())) == 0
    assert distance(one, fuzzy(" ".join(changed))) < 0.25
    assert distance(one, fuzzy(" ".join(stranger))) > 0.7


def test_it_is_the_same_everywhere():
    assert fuzzy("the quick brown fox jumps over the lazy dog and runs away") == "fffffffcaaaaaaa00555555aaaaa0003"


def test_a_short_text_has_none_and_what_is_no_hash_has_no_distance():
    assert fuzzy("one two three") == ""
    with pytest.raises(ValueError, match="32 hexadecimal"):
        distance("", "")
