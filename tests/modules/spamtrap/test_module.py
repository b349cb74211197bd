"""The module over real archives, a real store and real processes: what is new is taken once, and told."""

from support.feeds import FeedServer
from support.trapping import house_of, index, month, seven


async def test_an_archive_is_taken_once_and_what_grows_yields_only_what_is_new(dsn, tmp_path):
    with FeedServer() as site:
        site.put("/spam/", index("2026-10.7z", "2026-11.7z", "README.txt", "../elsewhere.7z", "/other/x.7z"))
        site.put("/spam/2026-10.7z", seven(month(0, 30)))
        site.put("/spam/2026-11.7z", seven(month(30, 20)))
        async with house_of(tmp_path, dsn) as house:
            house.begin({"name": "untroubled", "url": f"{site.base}/spam/", "every": "1h", "trap": "pristine"})
            first = await house.collect()
            assert (first["untroubled"].status, first["untroubled"].entries) == ("ok", 50)
            assert await house.count("spam_mail") == 50
            again = await house.collect()
            assert (again["untroubled"].status, again["untroubled"].entries) == ("ok", 0)
            site.put("/spam/2026-11.7z", seven(month(30, 25)))
            grown = await house.collect()
            assert grown["untroubled"].entries == 5 and await house.count("spam_mail") == 55
            told = await house.findings("archive.taken")
            assert [(one.data["archive"], one.data["new"]) for one in told] == [
                ("2026-11.7z", 20),
                ("2026-10.7z", 30),
                ("2026-11.7z", 5),
            ], "the newest first"
            listed = await house.findings("indicator.listed")
            assert listed and all(one.subject.value.startswith("198.51.100.") for one in listed)
            assert await house.findings("spam.campaign")
