"""A daemon that is killed between two pages of a partner's MISP: nothing is lost, and nothing is told twice."""

from collections import Counter

from support.misp import Misp

T = 1_790_000_000
SOURCE = """
url = "{base}/attributes/restSearch"
parser = "misp"
absence = "nothing"
every = "1s"
min_interval = "1s"
credential = "partner"

[request]
method = "POST"
headers = {{ Authorization = "{{credential}}" }}
body = '{{"timestamp":"{{since}}","page":{{page}},"limit":{{size}},"deleted":[0,1]}}'

[request.pages]
by = "page"
size = 5
rows = "response.Attribute"

[request.since]
path = "response.Attribute.*.timestamp"
format = "epoch"
first = "0"
"""


def test_killed_between_pages_over_and_over(make_daemon):
    with Misp() as misp:
        for number in range(1, 101):
            misp.add("ip-dst", f"192.0.2.{number}", T + number)
        daemon = make_daemon(sources={"partner": SOURCE.format(base=misp.base)})
        daemon.tipd("sources", "key", "partner", stdin=misp.key + "\n")
        misp.slow = 0.05
        for pages in (4, 11):
            daemon.start(ready=False)
            daemon.wait_for(lambda pages=pages: len(misp.asked) >= pages, 60, "pages")
            daemon.kill()
        asked_before = [asked["page"] for asked in misp.asked]
        misp.slow = 0.0
        daemon.start()
        daemon.wait_for(lambda: daemon.source("partner")["entries"] == 100, 60, "all of it")
        daemon.wait_for(lambda: daemon.source("partner")["state"] in {"ok", "unchanged"}, 60, "a whole run")
        misp.change("192.0.2.7", T + 200, deleted=True)
        daemon.wait_for(lambda: daemon.source("partner")["entries"] == 99, 60, "what was taken back")
        told = [
            (finding["kind"], finding["subject"]["value"]) for finding in daemon.findings() if finding.get("subject")
        ]
        assert Counter(told).most_common(1)[0][1] == 1
        assert len([kind for kind, _ in told if kind == "indicator.listed"]) == 100
        assert ("indicator.delisted", "192.0.2.7") in told
        pages = [asked["page"] for asked in misp.asked if asked["timestamp"] == "0"]
        assert pages.count(1) == 1, f"it goes on where it was: {asked_before}"
        assert misp.key not in daemon.log.read_text()
