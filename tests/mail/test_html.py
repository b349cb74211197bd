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


@pytest.mark.parametrize("html", ["", "<", "<a", "<a href", "\x00", "<div>" * 20_000, "<!--" * 1000])
def test_no_html_raises(html):
    read(html, 10)


@given(st.text(max_size=300))
def test_no_text_raises(html):
    read(html, 10)
