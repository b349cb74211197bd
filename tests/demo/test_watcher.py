"""What the subscriber of the demo counts and prints."""

from demo.watcher import Tally


def finding(seq, kind="indicator.listed", source="demo_drop", value="198.51.100.7"):
    subject = {"kind": "ipv4", "value": value} if value else None
    return {
        "seq": seq, "at": "2026-11-22T04:00:00.123456Z", "kind": kind, "source": source,
        "subject": subject, "data": {} if value else {"new": "gone"},
    }  # fmt: skip


def test_brief_prints_the_first_of_each_source_and_all_that_befalls_sources(capsys):
    tally = Tally(brief=True)
    for seq in (1, 2):
        tally.take(finding(seq, value=f"198.51.100.{seq}"))
    tally.take(finding(3, "indicator.delisted", value="198.51.100.1"))
    for seq in (4, 5):
        tally.take(finding(seq, "source.degraded", value=None))
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[1:] for line in said] == [
        ["indicator.listed", "demo_drop", "198.51.100.1"],
        ["indicator.delisted", "demo_drop", "198.51.100.1"],
        ["source.degraded", "demo_drop", "new=gone"],
        ["source.degraded", "demo_drop", "new=gone"],
    ]
    assert tally.findings == 5
    assert tally.disorder == 0


def test_of_tracking_each_name_is_told_with_its_score_and_tags(capsys):
    tally = Tally(brief=True)
    said = {"holz": {"score": 242.4, "n_a": 20, "n_asn": 12}, "tags": ["parcels"]}
    for seq, value in enumerate(["one.example", "two.example", "two.example"], 1):
        tally.take(finding(seq, "flux.confirmed", None, value) | {"data": said})
    nodes = {"added": [{"address": "192.0.2.1", "asn": 64496}], "removed": [], "tags": []}
    for seq in (4, 5):
        tally.take(finding(seq, "flux.nodes", None, "one.example") | {"data": nodes})
    tally.take(finding(6, "flux.dormant", None, "one.example") | {"data": {"reason": "gone"}})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=2)[1:] for line in lines] == [
        ["flux.confirmed", "one.example: 242.4 of 20 addresses in 12 networks, tags parcels"],
        ["flux.confirmed", "two.example: 242.4 of 20 addresses in 12 networks, tags parcels"],
        ["flux.nodes", "one.example: 1 new nodes, 0 gone"],
        ["flux.dormant", "one.example"],
    ]


def test_everything_is_printed_where_nobody_asked_for_less(capsys):
    tally = Tally()
    for seq in (1, 2):
        tally.take(finding(seq))
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_what_comes_twice_or_early_is_disorder():
    tally = Tally(brief=True)
    for seq in (1, 3, 3, 2):
        tally.take(finding(seq))
    assert tally.disorder == 2


def test_coming_back_counts_once_there_is_where_to_come_back_to(capsys):
    tally = Tally()
    tally.resume()
    assert tally.resumed == 0
    tally.take(finding(17))
    tally.resume()
    assert tally.resumed == 1
    assert "resuming after finding 17" in capsys.readouterr().out


def test_a_campaign_is_told_in_words(capsys):
    data = {"campaign": "cc204d85cf3ba13f", "mails": 34, "traps": 4, "relays": 25, "subject": "Invoice 7", "hosts": []}
    Tally().take(finding(1, "spam.campaign", "mx1", None) | {"data": data | {"first": "x", "last": "y"}})
    said = "cc204d85cf3ba13f: 34 mails to 4 traps from 25 relays, 'Invoice 7', leads to no host"
    assert capsys.readouterr().out.endswith(f"{said}\n")
