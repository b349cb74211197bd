"""What spam brings, where it is looked for; what must never be sighted is not; what is forgotten is gone."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from support.mail_host import MailHost

from tipd.clock import SystemClock

RELAY = "198.51.100.150"
TRAP = "sales1997@trap.example.org"


def letter(number, *, relay=RELAY, helo="mail.example", name="", sender="shop@pills.example", more="", html=""):
    """Return a mail that came a minute ago."""
    at = format_datetime(SystemClock().now() - timedelta(minutes=1))
    return (
        f"Return-Path: <{sender}>\r\nDelivered-To: {TRAP}\r\n"
        f"Received: from {helo} ({name}[{relay}])\r\n\tby mx1.trap.example.org (Postfix) with ESMTP id A{number};\r\n"
        f"\t{at}\r\n"
        f"From: Someone <{sender}>\r\nTo: <{TRAP}>\r\nSubject: Your order {number}\r\nDate: {at}\r\n"
        f"Message-ID: <{number}@x.example>\r\nMIME-Version: 1.0\r\n{more}Content-Type: text/html\r\n\r\n"
        f"<html><body>{html or f'<p>Pay {number} here</p><a href=http://pay.quiet-apex.example/shop/{number}>pay</a>'}"
        "</body></html>\r\n"
    ).encode()


BOUNCE = letter(
    900, relay="198.51.100.201", sender="MAILER-DAEMON@mail.example.net", more="Auto-Submitted: auto-replied\r\n"
)
BANK = letter(901, relay="198.51.100.202", sender="service@bank.example.com")
PROVIDER = letter(
    902, relay="209.85.220.41", helo="mail-sor-f41.google.com", name="mail-sor-f41.google.com ", sender="x@gmail.com"
)
EVERYBODYS = letter(
    903,
    relay="198.51.100.203",
    html='<a href="http://www.w3.org/1999/xhtml">x</a><link href="https://fonts.googleapis.com/css?family=Roboto">'
    '<a href="https://u1.ct.sendgrid.net/ls/click?upn=abc">c</a>',
)


@pytest.fixture
def host(tmp_path):
    """Give a mail host; it is ended."""
    made = MailHost(tmp_path / "host")
    yield made
    made.kill()


def test_what_spam_brings_is_found_wherever_it_is_looked_for(make_daemon, host):
    peer = host.enroll("lab", "full")
    host.deliver(*(letter(number) for number in range(6)), BOUNCE, BANK, PROVIDER, EVERYBODYS)
    host.start()
    section = (
        f'[[modules.spamtrap.agents]]\nname = "mx1"\nurl = "{host.base}"\ntoken_file = "{peer.token_file}"\n'
        'every = "1h"\n'
    )
    daemon = make_daemon(settings=section).start()
    records = lambda: sum(row["records"] for row in daemon.get("/api/v1/agents")["agents"])  # noqa: E731
    daemon.wait_for(lambda: records() == 10, 60, "the mails")

    listed = {one["subject"]["value"] for one in daemon.findings() if one["kind"] == "indicator.listed"}
    assert listed == {RELAY, "198.51.100.202", "198.51.100.203"}, "relays, but of no bounce and no provider"
    told = [one for one in daemon.findings() if one["kind"] == "spam.url"]
    assert [one["data"]["host"] for one in told] == ["pay.quiet-apex.example"]
    found = lambda: daemon.post("/api/v1/lookup", {"values": [RELAY]})["results"][0]["sources"]  # noqa: E731
    daemon.wait_for(lambda: found() == ["mx1"], 10, "the look-up index to follow")
    assert "mx1" in daemon.tipd("explain", RELAY).stdout
    assert '"name":"mx1"' in daemon.tipd("trends", "--json").stdout

    row = daemon.source("mx1")
    assert (row["class"], row["module"]) == ("spam", "spamtrap")
    assert "mx1" in daemon.tipd("sources", "list").stdout
    assert "spam" in daemon.tipd("sources", "show", "mx1").stdout
    assert daemon.tipd("sources", "run", "mx1").returncode == 0
    host.deliver(letter(6), letter(7))
    daemon.wait_for(lambda: records() == 12, 30, "what came meanwhile")
    again = [one for one in daemon.findings() if one["kind"] == "spam.url"]
    assert len(again) == 1, "once a day for a campaign and host"

    state = daemon.state / "agents" / "mx1" / "full"
    bodies = len(list(state.glob("*.jsonl.zst")))
    daemon.tipd("forget", RELAY, "--reason", "asked for", "--block")
    assert len(list(state.glob("*.jsonl.zst"))) < bodies
    host.deliver(letter(8))
    daemon.wait_for(lambda: records() == 13, 30, "a mail of what is blocked")
    last = max(int(path.name.split(".")[0]) for path in state.glob("*.manifest"))
    daemon.wait_for(lambda: not (state / f"{last}.jsonl.zst").exists(), 10, "its lines to be removed")
    assert daemon.post("/api/v1/lookup", {"values": [RELAY]})["results"][0]["sources"] == []
    assert daemon.stop() == 0
