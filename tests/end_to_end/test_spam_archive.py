"""A public archive of spam, read by the real daemon after the blacklists: each mail once, whoever is killed."""

import io

import py7zr
from support.feeds import FeedServer

from demo.post.mails import mail

LIST = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
BIG = 4000


def packed(first, last, month="2026-10"):
    """Return a month's archive: nested folders, one mail a file."""
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=[{"id": py7zr.FILTER_LZMA2, "preset": 0}]) as archive:
        for number in range(first, last):
            archive.writestr(mail(number), f"{month}/{number % 28 + 1:02}/{number}.txt")
    return out.getvalue()


def index(*names):
    """Return a folder's listing."""
    return "<html><body>" + "".join(f'<a href="{name}">{name}</a><br>' for name in names) + "</body></html>"


def section(feeds, name="untouched"):
    """Return the daemon's section for an archive."""
    return (
        '[modules.spamtrap]\nevery = "1s"\nsighting_keep = "3650d"\n'
        f'[[modules.spamtrap.archives]]\nname = "{name}"\nurl = "{feeds.base}/spam/"\nevery = "1s"\n'
    )


def trap(daemon, name="untouched"):
    """Return what the daemon tells of an archive."""
    return next(row for row in daemon.get("/api/v1/spamtraps")["spamtraps"] if row["name"] == name)


def test_an_archive_is_read_after_the_blacklists_and_a_grown_one_yields_only_what_is_new(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/list.txt", "192.0.2.1\n")
        feeds.put("/spam/", index("2026-09.7z", "2026-10.7z"))
        feeds.put("/spam/2026-09.7z", packed(0, 30, "2026-09"))
        feeds.put("/spam/2026-10.7z", packed(30, 50))
        daemon = make_daemon(sources={"one": LIST.format(base=feeds.base)}, settings=section(feeds)).start()
        daemon.wait_for(lambda: trap(daemon)["mails"] == 50, 60, "both archives")
        findings = daemon.findings()
        first_list = next(one["seq"] for one in findings if one["source"] == "one")
        first_mail = next(one["seq"] for one in findings if one["source"] == "untouched")
        assert first_list < first_mail
        relays = {one["subject"]["value"] for one in findings if one["kind"] == "indicator.listed"} - {"192.0.2.1"}
        assert relays
        assert all(relay.startswith("198.51.100.") for relay in relays), "only who handed mails to the trap's own host"
        feeds.put("/spam/2026-10.7z", packed(30, 75))
        daemon.wait_for(lambda: trap(daemon)["mails"] == 75, 60, "what the archive grew by")
        assert len(daemon.get("/api/v1/mails?limit=1000")["mails"]) == 75
        assert daemon.stop() == 0


def test_killed_in_the_midst_of_an_archive_it_takes_each_mail_once_in_the_end(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/spam/", index("2026-10.7z"))
        feeds.put("/spam/2026-10.7z", packed(0, BIG))
        daemon = make_daemon(settings=section(feeds)).start()
        daemon.wait_for(lambda: trap(daemon)["mails"] > 0, 60, "the first mails")
        daemon.kill()
        daemon.start()
        daemon.wait_for(lambda: trap(daemon)["mails"] == BIG, 120, "the whole archive")
        campaigns = daemon.get("/api/v1/campaigns?limit=1000")["campaigns"]
        assert sum(campaign["mails"] for campaign in campaigns) <= BIG
        assert daemon.stop() == 0
