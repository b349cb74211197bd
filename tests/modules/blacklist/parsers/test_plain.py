"""What parsers of lines share."""

import pytest

from tipd.modules.blacklist.parsers.options import Options
from tipd.modules.blacklist.parsers.plain import LineParser


@pytest.mark.parametrize(
    ("line", "blank"), [(b"", True), (b"  \t", True), (b" # x", True), (b"; x", True), (b"x # y", False)]
)
def test_blank_lines(line, blank):
    assert LineParser(Options(comment=("#", ";"))).is_blank(line) is blank


def test_rows_to_skip_may_come_in_several_runs():
    parser = LineParser(Options(skip=2))
    assert parser.begin([b"# c", b"one"]) == [b"# c", b""]
    assert parser.begin([b"", b"two", b"three"]) == [b"", b"", b"three"]
    same = [b"four"]
    assert parser.begin(same) is same
    assert parser.mark == ""


def test_lines_over_the_bound_are_left_out():
    runs = list(LineParser(Options(longest=80)).units([b"x" * 81 + b"\nok\n"]))
    assert (runs[0].units, runs[0].overlong) == ([b"", b"ok"], (0,))
