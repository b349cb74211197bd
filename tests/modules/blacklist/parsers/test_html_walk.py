"""A page in one pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.parsers.html_walk import Tag, lines, links, rows, walk


def texts(page, which=""):
    return [[cell.text for cell in row] for row in rows(page, which)]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<table><tr><td>a</td><td>b</td></tr></table>", [["a", "b"]]),
        ("<TABLE><TR><TD>a<TD>b<TR><TD>c", [["a", "b"], ["c"]]),  # ends left out, as they may be
        ("<table><tbody><tr><td> a <b>b</b>\n c<br>d</td></tr></tbody></table>", [["a b c d"]]),
        ("<table><tr><td>1 &lt; 2 &amp; x&#46;y</td></tr></table>", [["1 < 2 & x.y"]]),
        ("<table><tr><td colspan=2>a</td><td>b</td></tr></table>", [["a", "a", "b"]]),
        ("<table><tr><td>a<table><tr><td>in</td></tr></table>b</td></tr></table>", [["in"], ["ab"]]),
        ("<table><tr><td title='a > b'>x</td></tr></table>", [["x"]]),
        ("<table><tr><td><!-- <td>no --><script>'<td>'</script>x</td></tr></table>", [["x"]]),
        ("<table><!--><tr><td>x</td></tr></table>", [["x"]]),
        ("<table><tr><td>x <3 y</td></tr></table>", [["x <3 y"]]),
        ("<table><tr></tr></table><td>outside</td>", []),
        ("<table><tr><td>cut off <a href='", [["cut off"]]),
    ],
)
def test_tables(page, found):
    assert texts(page) == found


def test_which_table():
    page = "".join(f'<table id="t{n}" class="x c{n}"><tr><td>{n}</td></tr></table>' for n in range(3))
    for which, found in (
        ("", ["0", "1", "2"]),
        (1, ["1"]),
        ("#t2", ["2"]),
        (".c0", ["0"]),
        (9, []),
        (".x", ["0", "1", "2"]),
    ):
        assert [row[0] for row in texts(page, which)] == found


def test_cells_know_their_link_and_whether_they_are_headings():
    page = '<table><tr><th>a</th><td><a href="http://a.example/?x=1&amp;y=2">b</a><a href="z">c</a></td></tr></table>'
    (row,) = rows(page, "")
    assert row == [("a", "", True), ("bc", "http://a.example/?x=1&y=2", False)]


def test_links_and_lines():
    page = "<title>t</title><p>one<br>two</p><a HREF=http://a.example/x>l</a><pre>192.0.2.1\n192.0.2.2</pre><a>n</a>"
    assert list(links(page)) == ["http://a.example/x"]
    assert list(lines(page, preformatted=True)) == ["192.0.2.1", "192.0.2.2"]
    assert [line for line in lines(page, preformatted=False) if line] == [
        "one",
        "two",
        "l",
        "192.0.2.1",
        "192.0.2.2",
        "n",
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<table>",
        "<table><tr><td>",
        "<",
        "<!--",
        "<a ",
        '<a b="',
        "<script>",
        "&",
        "</",
        "<td colspan=999>",
        "<!",
        "<pre>",
    ],
)
def test_a_page_as_nasty_as_it_is_long(piece):
    """What took the square of its length would not end here."""
    page = piece * 20_000
    list(rows(page, ""))
    list(lines(page, preformatted=False))


@given(
    st.lists(
        st.sampled_from(
            [
                "<table>",
                "<tr>",
                "<td>",
                "</td>",
                "</table>",
                "<a href=",
                "'",
                '"',
                ">",
                "<!--",
                "-->",
                "&#x",
                "<script>",
                "</script>",
            ]
        )
        | st.text(max_size=5),
        max_size=30,
    ).map("".join)
)
def test_any_page(page):
    for part in walk(page):
        assert isinstance(part, Tag | str)
    list(rows(page, 0))
    list(links(page))
    list(lines(page, preformatted=True))
