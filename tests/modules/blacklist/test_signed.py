"""The detached signature of a body, fetched beside it."""

import pytest

from tipd.modules.blacklist import catalogue
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
