"""Getting a source's body."""

import os
from datetime import timedelta

import msgspec
import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.body import get_body, max_body, request_for, validators_for
from tipd.net.request import FetchError
from tipd.store.sources import SourceRow

URL = 'url = "https://lists.example.org/x"\n'


def row_of(source, **changes):
    columns = dict.fromkeys(SourceRow.__struct_fields__)
    columns |= {
        "id": 1,
        "name": "x",
        "last_round": 3,
        "etag": '"e"',
        "body_sha256": b"s",
        "read_digest": source.digest(),
    }
    return SourceRow(**(columns | changes))


def test_a_body_is_asked_for_conditionally_only_where_it_would_be_read_alike():
    source = catalogue.parse(URL)
    validators = validators_for(source, row_of(source))
    assert (validators.etag, validators.sha256) == ('"e"', b"s")
    assert validators_for(source, row_of(source, read_digest=b"other")) is None
    assert validators_for(source, row_of(source, last_round=None)) is None


def test_what_is_asked(tmp_path):
    text = URL + 'credential = "key"\nca_file = "/ca"\nmax_body = "2MB"\nallow_networks = ["10.0.0.0/8"]\n'
    source = catalogue.parse(text + '[request]\nmethod = "POST"\nbody = "b"\nheaders = { A = "{credential}" }\n')
    request = request_for(source, floor=timedelta(seconds=9), credentials=tmp_path)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (request.method, request.body, request.headers) == ("POST", "b", {"A": "{credential}"} | form)
    assert (request.credential_file, str(request.ca_file)) == (tmp_path / "key", "/ca")
    assert (request.min_interval, request.allow_networks) == (9.0, ("10.0.0.0/8",))
    assert request.max_body == max_body(source) == 2 * 2**20
    assert request.validators is None


@pytest.mark.parametrize(("path", "state"), [("none", "gone"), ("list/none", "gone"), ("large", "wrong_page")])
async def test_a_local_body_that_cannot_be_had(tmp_path, path, state):
    (tmp_path / "list").write_text("x")
    (tmp_path / "large").write_bytes(b"x" * 2000)
    source = catalogue.parse(f'path = "{tmp_path}/{path}"\nmax_body = "1KB"\n')
    with pytest.raises(FetchError) as caught:
        await get_body(None, source, row_of(source), tmp_path / "into", floor=timedelta(0), credentials=tmp_path)
    assert caught.value.state == state


async def test_a_local_body_that_is_what_it_was(tmp_path):
    (tmp_path / "list").write_text("192.0.2.1\n")
    source = catalogue.parse(f'path = "{tmp_path}/list"\n')

    async def get(row):
        return await get_body(None, source, row, tmp_path / "into", floor=timedelta(0), credentials=tmp_path)

    first = await get(row_of(source))
    assert first.status == "ok"
    assert (await get(msgspec.structs.replace(row_of(source), body_sha256=first.sha256))).status == "unchanged"


async def test_a_folder_at_rest_is_not_read_again(tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    for name in ("a.txt", "b.csv"):
        (folder / name).write_text("192.0.2.1\n")
        os.utime(folder / name, (1_790_000_000, 1_790_000_000))
    source = catalogue.parse(f'path = "{folder}"\nmember = "*.txt"\n')
    into = tmp_path / "into"
    first = await get_body(None, source, row_of(source), into, floor=timedelta(0), credentials=tmp_path)
    assert (first.status, first.bytes) == ("ok", 10)
    kept = row_of(source, etag=first.validators.etag, body_sha256=first.sha256)
    into.unlink()
    again = await get_body(None, source, kept, into, floor=timedelta(0), credentials=tmp_path)
    assert (again.status, again.validators, again.path) == ("unchanged", first.validators, None)
    assert not into.exists()
    (folder / "a.txt").write_text("192.0.2.2\n")
    assert (await get_body(None, source, kept, into, floor=timedelta(0), credentials=tmp_path)).status == "ok"
