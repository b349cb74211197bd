"""RSS and Atom items to rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build
from tipd.modules.blacklist.reading.intake import BodyFault

RSS = 'parser = "rss"\nkind = "auto"\n[options]\n'
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Bad hosts</title><link>https://x.example/</link>
<item><title>192.0.2.1 | S</title><link>https://x.example/ip/192.0.2.1</link>
  <description><![CDATA[Event: <b>Bad</b> | First: 2026]]></description>
  <pubDate>Sun, 22 Nov 2026 04:00:00 +0100</pubDate></item>
<item><title>192.0.2.2 | D &amp; H</title><link>https://x.example/ip/192.0.2.2</link><dc:date>2026-11-22</dc:date>
  <enclosure url="https://bad.example/a.exe" length="1"/></item>
</channel></rss>
"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title><link href="https://bad.example/1"/>
<author><name>somebody</name></author><updated>2026-11-22T04:00:00Z</updated></entry></feed>"""


def read(parse, declaration, body):
    return parse(RSS + declaration, body)


def test_values_by_element_and_by_expression(parse):
    values, contexts, rows = read(parse, "value = \"title\"\npattern = '^[0-9.]+'\n", FEED)
    assert (values, rows.refused) == (["192.0.2.1", "192.0.2.2"], [])
    assert contexts == [
        {"reference": "https://x.example/ip/192.0.2.1", "first_seen": "Sun, 22 Nov 2026 04:00:00 +0100"},
        {"reference": "https://x.example/ip/192.0.2.2", "first_seen": "2026-11-22"},
    ]


def test_a_link_is_no_reference_to_itself(parse):
    values, contexts, _ = read(parse, "", ATOM)
    assert (values, contexts) == (["https://bad.example/1"], [{"first_seen": "2026-11-22T04:00:00Z"}])


def test_attributes_and_paths(parse):
    values, _, rows = read(parse, 'value = "enclosure@url"\n', FEED)
    assert (values, rows.refused) == (["https://bad.example/a.exe"], [(0, "empty")])
    declared = '[fields]\nwho = "author/name"\n[where]\ntitle = ["t"]\n'
    assert read(parse, declared, ATOM)[1][0]["who"] == "somebody"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_pieces(size):
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + RSS))
    body = FEED.encode()
    units = [u for run in parser.units(body[at : at + size] for at in range(0, len(body), size)) for u in run.units]
    assert len(parser.parse(units).values) == 2


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-8", "windows-1252"])
def test_encodings(parse, encoding):
    body = f'<?xml version="1.0" encoding="{encoding}"?><rss><item><link>http://a.example/é</link></item></rss>'
    assert read(parse, "", body.encode(encoding))[0] == ["http://a.example/é"]


def test_what_says_it_is_utf_16_is_utf_8_by_now(parse):
    body = b'<?xml version="1.0" encoding="utf-16"?><rss><item><link>http://a.example/</link></item></rss>'
    assert read(parse, "", body)[0] == ["http://a.example/"]


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><rss><item><link>&b;</link></item></rss>'
OUTSIDE = '<!DOCTYPE l SYSTEM "file:///etc/passwd"><rss><item><link>x</link></item></rss>'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (LAUGHS, "a document type"),
        (OUTSIDE, "a document type"),
        ("<rss><item>", "no XML: no element found"),
        ("<html><p>x</html>", "no XML: mismatched tag"),
        ("192.0.2.1\n", "no XML"),
        ('<?xml version="1.0" encoding="nope"?><rss/>', "no XML"),
        ("<a>" * 100, "nested too deep"),
        ("<rss><item><link>&unknown;</link></item></rss>", "no XML: undefined entity"),
    ],
)
def test_faults(parse, body, why):
    with pytest.raises(BodyFault, match=why):
        read(parse, "", body)


@pytest.mark.parametrize(
    "body", ["<rss><item><t>" + "x" * 5000, "<rss><item a='" + "x" * 5000, "<rss><item>" + "<a b='cccc'/>" * 500]
)
def test_items_are_bounded(body):
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + RSS + "longest = 1000\n"))
    with pytest.raises(BodyFault, match="too long"):
        list(parser.units(body.encode()[at : at + 100] for at in range(0, len(body), 100)))


pieces = st.sampled_from(
    [
        "<rss>",
        "<item>",
        "<link>",
        "</link>",
        "</item>",
        "</rss>",
        "<!DOCTYPE x>",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&x;",
        "<a b='c'/>",
        "<?x?>",
    ]
)


@given(st.lists(pieces | st.text(max_size=5), max_size=30))
def test_nothing_but_its_own_refusals(words):
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + RSS))
    try:
        for run in parser.units([word.encode("utf-8", "replace") for word in words]):
            parser.parse(parser.begin(run.units))
    except BodyFault:
        pass
