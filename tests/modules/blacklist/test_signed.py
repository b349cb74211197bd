"""The detached signature of a body, fetched beside it."""

import pytest
from support.collecting import house_of
from support.keys import Signer

from tipd.modules.blacklist import catalogue, trial
from tipd.modules.blacklist.signed import get_signature, signature_beside
from tipd.net.request import FetchError

LIST = 'url = "https://lists.example.org/x"\ncredential = "k"\n'
DETACHED = '[signature]\nkey_file = "/k"\nurl = "https://lists.example.org/x.asc"\n'


class Fetcher:
    def __init__(self, error=None):
        self.asked = []
        self.error = error

    async def fetch(self, request, into):
        self.asked.append(request)
        if self.error:
            raise FetchError(self.error, "no")
        into.write_bytes(b"s")


async def get(fetcher, tmp_path, declaration):
    return await get_signature(fetcher, catalogue.parse(declaration), tmp_path / "signature", tmp_path)


@pytest.mark.parametrize("table", ["", '[signature]\nkey_file = "/k"\n'])
async def test_none_is_due(tmp_path, table):
    fetcher = Fetcher()
    assert await get(fetcher, tmp_path, LIST + table) == ""
    assert fetcher.asked == []


async def test_it_is_asked_for_as_its_list_is(tmp_path):
    fetcher = Fetcher()
    found = await get(fetcher, tmp_path, 'ca_file = "/ca"\nproxy = "none"\n' + LIST + DETACHED)
    assert found == str(tmp_path / "signature")
    (request,) = fetcher.asked
    assert (request.url, str(request.ca_file), request.proxy) == ("https://lists.example.org/x.asc", "/ca", "none")
    assert request.credential_file == tmp_path / "k"
    assert request.validators is None


@pytest.mark.parametrize(
    ("url", "same"),
    [("https://lists.example.org:443/x.asc?k={credential}", True), ("https://keys.example.org/x", False)],
)
async def test_what_opens_the_list_opens_its_signature_and_goes_nowhere_else(tmp_path, url, same):
    fetcher = Fetcher()
    headers = '[request]\nheaders = { Authorization = "Bearer {credential}" }\n'
    await get(fetcher, tmp_path, LIST + headers + f'[signature]\nkey_file = "/k"\nurl = "{url}"\n')
    assert fetcher.asked[0].headers == ({"Authorization": "Bearer {credential}"} if same else {})


@pytest.mark.parametrize("state", ["gone", "forbidden", "wrong_page", "needs_key"])
async def test_there_is_none(tmp_path, state):
    assert await get(Fetcher(state), tmp_path, LIST + DETACHED) == ""


@pytest.mark.parametrize("state", ["unreachable", "rate_limited"])
async def test_it_may_come_another_time(tmp_path, state):
    with pytest.raises(FetchError):
        await get(Fetcher(state), tmp_path, LIST + DETACHED)


def test_beside_a_file(tmp_path):
    body = tmp_path / "list.txt"
    assert signature_beside(body) == ""
    (tmp_path / "list.txt.asc").touch()
    assert signature_beside(body).endswith("list.txt.asc")


async def collected(house):
    report = (await house.collect())["one"]
    row = await house.store.sources.get("one")
    return report.status, row.entries


@pytest.mark.parametrize("detached", [True, False])
async def test_a_bad_signature_sets_the_body_aside_and_the_good_set_stays(tmp_path, dsn, feeds, detached):
    """Wrong, missing and yesterday's signatures, over the wire; nothing that was accepted overrules them."""
    who, other = Signer("lists"), Signer("somebody")
    table = who.pin(tmp_path / "key.pgp") + (f'url = "{feeds.base}/one.asc"\n' if detached else "")

    def serve(body, signer, signed=None):
        signature = signer.detached(signed or body) if signer else None
        feeds.put("/one.txt", body if detached else signer.clear(body) if signer else body)
        if detached:
            feeds.put("/one.asc", signature or b"", status=200 if signature else 404)

    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base, **{"max_body": '"1MB"\n' + table})
        good, next_day = b"192.0.2.1\n192.0.2.2\n", b"192.0.2.1\n192.0.2.2\n192.0.2.3\n"
        serve(good, who)
        assert await collected(house) == ("ok", 2)
        assert await collected(house) == ("unchanged", 2)
        for signer, signed in ((None, None), (other, None), (who, good) if detached else (other, None)):
            serve(next_day, signer, signed)
            assert await collected(house) == ("bad_signature", 2)
            aside = (await house.store.sources.get("one")).set_aside
            assert aside["sha256"]
            assert await house.store.sources.accept("one", house.clock.now()) is None
            assert await collected(house) == ("bad_signature", 2)
        serve(next_day, who)
        assert await collected(house) == ("ok", 3)
        assert {finding.data["new"] for finding in await house.findings("source.degraded")} == {"bad_signature"}
        assert len(await house.findings("source.recovered")) == 1


@pytest.mark.parametrize("ending", [".asc", ".sig", ""])
def test_a_signed_list_is_tried_with_the_signature_beside_it(tmp_path, ending):
    who = Signer()
    table = who.pin(tmp_path / "key.pgp")
    body = tmp_path / "list.txt"
    body.write_bytes(b"192.0.2.1\n")
    (tmp_path / f"list.txt{ending or '.other'}").write_bytes(who.detached(b"192.0.2.1\n"))
    chosen = trial.Chosen(source=catalogue.parse(LIST + table + 'url = "https://lists.example.org/x.asc"\n'))
    tried = trial.run(chosen, body, tmp_path)
    assert (tried.state, [row.value for row in tried.rows]) == (
        ("ok", ["192.0.2.1"]) if ending else ("bad_signature", [])
    )


async def test_what_is_fetched_to_be_tried_brings_its_signature(tmp_path):
    fetcher = Fetcher()
    into = await trial.fetch(
        trial.Chosen(source=catalogue.parse(LIST + DETACHED)), fetcher, tmp_path / "body", tmp_path
    )
    assert [request.url[-4:] for request in fetcher.asked] == ["rg/x", ".asc"]
    assert signature_beside(into)
