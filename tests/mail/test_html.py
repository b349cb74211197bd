"""What an HTML part says to a reader and to a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.html import read

PAGE = """<html><head><title>no</title><style>a{}</style><base href="http://base.example/">
<meta http-equiv="Refresh" content="0; URL='http://refresh.example/x'"></head><body background="http://bg.example/b">
<a href="http://a.example/?a=1&amp;b=2">click <b>here</b></a>
<form action="http://form.example/f"><input formaction="/g"></form>
<iframe src="//frame.example/i"></iframe><img src=http://img.example/p.gif><script>var x="http://no.example"</script>
text</body></html>"""


def test_links_forms_frames_and_refreshes_are_found_where_they_lead():
    page = read(PAGE, 100)
    assert sorted(page.links) == sorted(
        [
            "http://base.example/",
            "http://refresh.example/x",
            "http://bg.example/b",
            "http://a.example/?a=1&b=2",
            "http://form.example/f",
            "http://base.example/g",
            "http://frame.example/i",
            "http://img.example/p.gif",
        ]
    )
    assert page.text.split() == ["click", "here", "text"]


@pytest.mark.parametrize("content", ["", "5", "0;", "0; http://x.example/", "0;urlx=http://x.example/"])
def test_a_refresh_that_leads_nowhere_leads_nowhere(content):
    assert read(f'<meta http-equiv=refresh content="{content}">', 10).links == []


def test_there_are_at_most_so_many_links():
    assert len(read("".join(f"<a href=http://a.example/{n}>" for n in range(1000)), 7).links) == 7


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("V<b></b>ia<font size=1>gra</font>", "Viagra"),
        ("<td>one</td><td>two</td>", "one two"),
        ("a < b &amp; c <3 d", "a < b & c <3 d"),
        ("<!-- no --><!--[if !mso]><!-->yes<!--<![endif]-->", "yes"),
        ("<SCRIPT>no</SCRIPT><style>no</style>yes<style>no", "yes"),
        ("<noframes><style></noframes>yes", "yes"),
        ("yes <a href='x", "yes"),
        ("&#99999999999999999999;&euro;", "\N{REPLACEMENT CHARACTER}\N{EURO SIGN}"),
        ("&#" + "9" * 5000 + "; yes", "\N{REPLACEMENT CHARACTER} yes"),
    ],
)
def test_the_text_is_what_is_shown(html, text):
    assert " ".join(read(html, 10).text.split()) == text


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ("<A HREF = 'http://a.example/x'>", ["http://a.example/x"]),
        ("<a href=http://a.example/?copy=1&copy=2&amp;sect=3>", ["http://a.example/?copy=1&copy=2&sect=3"]),
        ("<a href='&#104;ttp://a.example/'>", ["http://a.example/"]),
        ("<img src='data:image/png;base64,AAAA'><a href='#top'>", []),
        ("<a href='x'>", ["x"][:0]),
        ("<base href=http://a.example/b/><a href='../c'>", ["http://a.example/b/", "http://a.example/c"]),
    ],
)
def test_attributes_are_read_as_browsers_read_them(html, links):
    assert read(html, 10).links == links


@pytest.mark.parametrize("html", ["", "<", "<a", "<a href", "\x00", "<div>" * 20_000, "<!--" * 1000])
def test_no_html_raises(html):
    read(html, 10)


@given(st.text(max_size=300))
def test_no_text_raises(html):
    read(html, 10)
