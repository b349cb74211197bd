"""mbox, as programs write it, in pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.trapping import mbox, spam

from tipd.modules.spamtrap.archives.mbox import is_mbox, mails_of, unquoted

MAILS = [spam(number).replace(b"\r\n", b"\n") for number in range(5)]


def pieces(body, size):
    return iter([body[at : at + size] for at in range(0, len(body), size)])


@pytest.mark.parametrize("size", [1, 7, 100, 1000, 10**6])
def test_mails_come_out_whole_however_they_are_cut(size):
    found = list(mails_of(pieces(mbox(MAILS), size), 10**6))
    assert [mail.raw for mail in found] == MAILS
    assert [mail.size for mail in found] == [len(mail) for mail in MAILS]


def test_line_ends_of_the_other_kind():
    body = mbox(MAILS).replace(b"\n", b"\r\n")
    assert [mail.raw for mail in mails_of(pieces(body, 500), 10**6)] == [mail.replace(b"\n", b"\r\n") for mail in MAILS]


def test_from_in_the_text_is_no_border_and_quoted_ones_are_as_they_were():
    tricky = b"Subject: x\n\nFrom here on it is different.\n\nFrom now on too\n>From a friend\n\nFrom me, 12 o'clock\n"
    assert [mail.raw for mail in mails_of(iter([mbox([tricky, tricky])]), 10**6)] == [tricky, tricky]


def test_of_a_mail_that_is_too_large_the_beginning_is_kept():
    large = b"Subject: large\n\n" + b"x" * 50_000 + b"\n"
    found = list(mails_of(pieces(mbox([MAILS[0], large, MAILS[1]]), 777), 5000))
    assert [mail.raw for mail in found[::2]] == MAILS[:2]
    assert len(found[1].raw) <= 5000 and found[1].raw.startswith(b"Subject: large") and found[1].size >= len(large)


def test_a_mail_alone_and_nothing_at_all():
    assert [mail.raw for mail in mails_of(iter([MAILS[0]]), 10**6)] == [MAILS[0]]
    assert list(mails_of(iter([]), 10)) == [] and list(mails_of(iter([b"\n\n"]), 10)) == []


def test_what_begins_an_mbox():
    assert is_mbox(b"From x@y Sun Nov 22 04:00:00 2026\nSubject: a\n")
    assert not is_mbox(b"From: x@y\n") and not is_mbox(b"From here on\n\n") and not is_mbox(b"")
    assert unquoted(b"From x Sun Nov 22 04:00:00 2026\n>From a\n>>From b\n") == b"From a\n>From b\n"


@given(st.binary(max_size=3000), st.integers(1, 900), st.integers(1, 2000))
def test_any_bytes_are_some_mails_and_none_is_too_large(body, size, most):
    for mail in mails_of(pieces(body, size), most):
        assert len(mail.raw) <= most and mail.size >= 0


@given(st.lists(st.text("abF \nrom>", min_size=1, max_size=60), min_size=1, max_size=5), st.integers(1, 50))
def test_what_was_written_is_read(texts, size):
    written = [f"Subject: {n}\n\n{text}\n".encode() for n, text in enumerate(texts)]
    found = [mail.raw.rstrip(b"\n") for mail in mails_of(pieces(mbox(written), size), 10**6)]
    assert found == [mail.rstrip(b"\n") for mail in written]
