"""Whatever strangers write, the pages of spam keep their shape: the same tags and attributes, nothing that acts."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.spam import START, agent, campaign, detail, mail

from tipd.api.pages import Pages
from tipd.api.routes.console_spam import ORDERS, PageQuery, drawn
from tipd.api.shapes_spam import NetworkCountShape, SpamtrapsShape, TrapShape
from tipd.api.spam_view import agent_of, campaign_detail_of, campaign_of, mail_of
from tipd.model.tlp import Tlp
from tipd.model.trapped import CampaignFile, CampaignHost, CampaignTrap, CampaignUrl

PAGES = Pages("1")
PLAIN = "x"
NASTY = st.text(st.characters(codec="utf-8") | st.sampled_from("<>\"'&{}%\x1b\u202e\n/:"), min_size=1, max_size=60)


class _Shape(HTMLParser):
    """What a page is made of, without its texts and the values of its attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.parts: list[Any] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, [name for name, _ in attrs]))
        for name, value in attrs:
            assert name != "href" or (value or "").startswith(("/", "#"))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(tag)


def _campaign(text: str) -> bytes:
    span: dict[str, Any] = {"first": START, "last": START, "count": 1}
    row = campaign(subject=text, sources=(text,))
    told = detail(
        row,
        urls=(CampaignUrl(host=text, shape=text, example=text, **span),),
        hosts=(CampaignHost(host=text, **span),),
        attachments=(CampaignFile(sha256=text, name=text, real=text),),
        traps=(CampaignTrap(trap=text, source=text, mails=1),),
        subjects=(text, text),
    )
    shape = campaign_detail_of(told, None)
    mails = [mail_of(mail(subject=text, relay=text, class_=text, defects=(text,)))]
    drawing = drawn(shape.days, START)
    return PAGES.render("campaign.html", here="spam", name=text, told=shape, problem=text, mails=mails, drawn=drawing)


def _campaigns(text: str) -> bytes:
    rows = [campaign_of(campaign(subject=text, sources=(text, text)))]
    query = PageQuery(order=text)  # its text is the reader's own, and stands in its field as it is
    return PAGES.render(
        "campaigns.html", here="spam", query=query, order="last", orders=ORDERS, rows=rows, next=text, problem=text
    )


def _traps(text: str) -> bytes:
    trap = TrapShape(
        **dict.fromkeys(("name", "kind", "state", "error", "licence"), text),
        **dict.fromkeys(("first_seen", "last_seen", "last_success", "next_run"), None),
        **dict.fromkeys(("mails", "traps", "entries"), 1),
        tlp="amber",
    )
    networks = [NetworkCountShape(asn=64500, name=text, mails=1, addresses=1)]
    told = SpamtrapsShape(spamtraps=[trap], days=[], classes={text: 1}, defects={text: 1}, networks=networks)
    agents = [
        agent_of(agent(text, view=text, refused=text, detail=text, refused_number=1, tlp=Tlp.RED), START),
        agent_of(agent(text, state=text, error=text), START),
    ]
    return PAGES.render(
        "spamtraps.html",
        **{"here": "spam", "days": 30, "choices": (7, 30), "told": told, "problem": text, "drawn": None, "today": 1},
        **{"total": 1, "agents": agents, "archives": [trap], "campaigns": [campaign_of(campaign(subject=text))]},
    )


@settings(max_examples=60, deadline=None)
@given(NASTY)
def test_no_text_changes_what_a_page_is_made_of(text: str) -> None:
    for made in (_campaign, _campaigns, _traps):
        page = made(text)
        assert _Shape(page).parts == _Shape(made(PLAIN)).parts
        assert not {sign for sign in page.decode() if not sign.isprintable()} - {"\n", "\N{NARROW NO-BREAK SPACE}"}
