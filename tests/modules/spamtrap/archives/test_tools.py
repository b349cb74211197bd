"""What taking archives works with."""

from datetime import timedelta
from types import SimpleNamespace

from support.trapping import Sink

from tipd.clock import SystemClock
from tipd.modules.spamtrap.archives.tools import Tools
from tipd.modules.spamtrap.settings import ArchiveSettings, SpamtrapSettings


def tools(tmp_path, sink, seed=7):
    store = SimpleNamespace(store_id="s", hash_seed=seed)
    context = SimpleNamespace(log=None, clock=SystemClock(), store=store, fetcher=None, workers=None, health=sink)
    return Tools(context, SpamtrapSettings(sighting_keep="2d"), tmp_path, {})


def test_rules_are_of_the_moment_and_of_the_source(tmp_path):
    made = tools(tmp_path, Sink())
    rules = made.rules(ArchiveSettings(name="a", path="/a", own_networks=("192.0.2.0/24",), relays=("198.51.100.7",)))
    assert rules.source == "a" and rules.own == ("192.0.2.0/24", "198.51.100.7/32")
    assert rules.now - rules.since == timedelta(days=2) and len(rules.trap_key) <= 64


def test_recipients_are_masked_differently_by_each_database(tmp_path):
    assert tools(tmp_path, Sink(), 7).trap_key != tools(tmp_path, Sink(), 8).trap_key


def test_what_is_shown_of_a_source_comes_together(tmp_path):
    sink = Sink()
    made = tools(tmp_path, sink)
    made.show("a", "2026.7z", state="reading", mails=3)
    made.show("a", "2026.7z", new=2)
    made.show("b", "", state="listing")
    assert sink.facts["archives"] == {
        "a": {"archive": "2026.7z", "state": "reading", "mails": 3, "new": 2},
        "b": {"archive": "", "state": "listing"},
    }
