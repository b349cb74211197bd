"""Caps, then parsers in turn."""

import pytest

from tipd.mail import defects
from tipd.mail.limits import Limits
from tipd.mail.tree import grown

SMALL = Limits(size=1000, header=200, parts=5)


@pytest.mark.parametrize(
    ("raw", "parser", "met"),
    [
        (b"Subject: a\n\nb", "fast", []),
        (b"Subject: a\n\n" + b"b" * 2000, "fast", [defects.CUT]),
        (b"Subject: a\n" + b"X: y\n" * 100, "headers", [defects.LONG_HEADER, defects.UNREAD]),
        (b"Content-Type: multipart/mixed; boundary=q\n\n" + b"\n--q\n\nx" * 50, "fast", [defects.MANY_PARTS]),
        (b"Content-Type: multipart/mixed\n\n--q\n\nlost\n", "fast", [defects.BAD_MIME]),
        (b"Content-Transfer-Encoding: base64\n\n!!!aGVsbG8=\n", "fallback", [defects.BAD_MIME]),
        (b"http://example.com/\nlines of no mail: none\n", "fast", [defects.BAD_MIME]),
        (b"Subject: nothing more\n\n", "fast", []),
        (b"\x00" * 2000, "none", [defects.CUT, defects.LONG_HEADER, defects.UNREAD]),
    ],
)
def test_who_parsed_it_and_what_was_met(raw, parser, met):
    found = grown(raw, SMALL)
    assert (found.parser, found.defects) == (parser, met)
