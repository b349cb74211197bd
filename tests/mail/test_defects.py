"""Words of defects and their bits."""

from tipd.mail import defects


def test_words_become_bits_and_words_again():
    assert defects.words(defects.bits(defects.WORDS)) == defects.WORDS
    assert defects.words(defects.bits(["cut", "of a newer release"])) == ("cut", "other")
    assert defects.bits(()) == 0


def test_bits_never_change():
    assert defects.WORDS[:3] == ("cut", "long_header", "long_field")
    assert len(set(defects.WORDS)) == len(defects.WORDS) < 62
