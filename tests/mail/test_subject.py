"""Subjects that say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.subject import hashed, normalised


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Re: FWD: [list] Your invoice #4711", "your invoice"),
        ("Re[2]: Your invoice 12/2024", "your invoice"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER Y}our invoice!", "your invoice"),
        ("AW: Wichtig – Ihr Konto", "wichtig ihr konto"),
        ("a1b2c3 4711", ""),
        ("", ""),
    ],
)
def test_what_differs_from_mail_to_mail_is_left_out(subject, words):
    assert normalised(subject) == words


def test_names_of_recipients_are_left_out():
    assert normalised("Trapper, your invoice", {"trapper"}) == "your invoice"


def test_equal_subjects_have_equal_hashes():
    assert hashed("Re: your invoice 1") == hashed("YOUR INVOICE 2") != hashed("your order")
    assert len(hashed("x y")) == 16 and hashed("") == hashed("123") == ""


@given(st.text(max_size=300))
def test_no_subject_raises(subject):
    hashed(subject)


def test_a_long_one_is_read_in_no_time():
    hashed("re: " * 100_000)
