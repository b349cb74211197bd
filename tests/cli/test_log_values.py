"""What can be looked up in a line of a log."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.cli.log_values import MOST_VALUES, values


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("connect from mail.example.org[192.0.2.7]", ["mail.example.org", "192.0.2.7"]),
        (
            "client @0x7f 192.0.2.7#53421 (www.example.org): query: www.example.org IN A",
            ["192.0.2.7", "www.example.org"],
        ),
        ("Failed password for root from 2001:db8::7 port 22 ssh2", ["2001:db8::7"]),
        ("client [2001:0DB8:0:0::7]:443 x", ["2001:db8::7"]),
        ("DST=198.51.100.9 SRC=192.0.2.7,LEN=40", ["198.51.100.9", "192.0.2.7"]),
        ("TCP_MISS/200 GET http://example.org/a?b=c&d - HIER/192.0.2.7", ["http://example.org/a?b=c&d", "192.0.2.7"]),
        ('ref "https://www.example.com/x." done', ["https://www.example.com/x"]),
        ("CONNECT example.org:443", ["example.org"]),
        (
            "from=<someone@mail.example.org>, to=<x@example.net>",
            ["someone@mail.example.org", "mail.example.org", "x@example.net", "example.net"],
        ),
        ("sha256 " + "AB" * 32 + " md5=" + "cd" * 16, ["ab" * 32, "cd" * 16]),
        ("192.0.2.7 192.0.2.7 and 192.0.2.7.", ["192.0.2.7"]),
        ("999.1.1.1 1.2.3 version 1.2.3.4.5 04:00:00 00:11:22:33:44:55 :: ::1", []),
        ("", []),
        ("nothing at all", []),
    ],
)
def test_values_of_a_line(line: str, found: list[str]) -> None:
    assert values(line) == found


def test_a_line_gives_so_many_and_no_more() -> None:
    assert len(values(" ".join(f"192.0.2.{number % 256} 198.51.{number}.1" for number in range(200)))) == MOST_VALUES


@given(st.text("0123456789abcdef.:/@-_ []()=?&%h", max_size=300))
def test_nothing_raises(line: str) -> None:
    assert len(values(line)) <= MOST_VALUES


@pytest.mark.parametrize(
    "unit",
    ["a.", "1.", "a-", ":", "http://", "http:", "@", "a@", "[", "0:", "1.1.1.", "-.", "%", "://a", "f" * 31 + " "],
)
def test_time_grows_with_the_line_s_length_only(unit: str) -> None:
    def took(size: int) -> float:
        line = unit * (size // len(unit))
        begun = time.process_time()
        values(line)
        return time.process_time() - begun

    assert min(took(60_000) for _ in range(3)) < 0.5  # quadratic: tens of seconds
