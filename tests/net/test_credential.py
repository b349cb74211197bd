"""Credentials: read at each fetch, sent where they belong, seen nowhere else."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import http_server as http
from support.fetching import Lines
from support.http_server import serving

from tipd.net.credential import Credential, read_credential
from tipd.net.fetch import Fetcher
from tipd.net.request import FetchError, Request

SECRET = "s3cr3t/ke y+=&?"
ENCODED = "s3cr3t%2Fke%20y%2B%3D%26%3F"

type Make = Callable[..., Fetcher]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


def header(url: str, key_file: Path | None) -> Request:
    return Request(url=url, headers={"Authorization": "Bearer {credential}"}, credential_file=key_file)


async def test_header_and_query(fetcher: Fetcher, into: Path, key_file: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(b"x"))
        await fetcher.fetch(header(server.url(), key_file), into)
        by_query = Request(url=server.url("/?auth-key={credential}&x=1"), credential_file=key_file)
        fetched = await fetcher.fetch(by_query, into)
        body = Request(url=server.url(), method="POST", body="key={credential}", credential_file=key_file)
        await fetcher.fetch(body, into)
    assert server.seen[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.seen[1].target == f"/?auth-key={ENCODED}&x=1"
    assert fetched.url == server.url("/?auth-key={credential}&x=1")
    assert server.seen[2].body == f"key={SECRET}".encode()


async def test_rotated_without_a_restart(fetcher: Fetcher, into: Path, key_file: Path) -> None:
    async with serving() as server:
        server.on("/", http.page(b"x"))
        await fetcher.fetch(header(server.url(), key_file), into)
        key_file.write_text("new")
        await fetcher.fetch(header(server.url(), key_file), into)
    assert server.seen[1].headers["authorization"] == "Bearer new"


async def test_missing_open_empty_or_odd_files_need_a_key(fetcher: Fetcher, into: Path, tmp_path: Path) -> None:
    path = tmp_path / "key"
    async with serving() as server:

        async def why(request: Request) -> str:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(request, into)
            assert caught.value.state == "needs_key"
            assert SECRET not in str(caught.value)
            return str(caught.value)

        request = header(server.url(), path)
        assert "none is given" in await why(header(server.url(), None))
        assert "does not exist" in await why(request)
        path.write_text(SECRET)
        path.chmod(0o644)
        assert "open to others (mode 0644): chmod 600" in await why(request)
        path.chmod(0o600)
        path.write_text(" \n")
        assert "is empty" in await why(request)
        for odd in ("two\nlines", "nul\0", "\x1b[31m", "schlüssel", "x" * 20_000):
            path.write_text(odd)
            assert "one line of printable ASCII" in await why(request)
        path.unlink()
        os.mkfifo(path, 0o600)
        assert "not a regular file" in await why(request)
        assert not server.connections, "without a key the source is not asked at all"


async def test_systemd_credentials_may_show_a_group_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    key_file.chmod(0o440)
    with pytest.raises(FetchError):
        await read_credential(header("http://192.0.2.1/", key_file))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert (await read_credential(header("http://192.0.2.1/", key_file))).fill("{credential}") == SECRET


async def test_dropped_on_the_way_to_another_origin(fetcher: Fetcher, into: Path, key_file: Path) -> None:
    async with serving() as server, serving() as other:
        server.on("/away", http.redirect(other.url("/end")))
        server.on("/stay", http.redirect("/end"))
        server.on("/end", http.page(b"x"))
        other.on("/end", http.page(b"x"))
        other.on("/back", http.redirect(server.url("/end")))
        headers = {"Authorization": "{credential}", "X-Api-Key": "plain", "Accept": "text/plain", "Cookie": "a=b"}
        for path in ("/away", "/stay"):
            request = Request(url=server.url(path), headers=headers, credential_file=key_file)
            await fetcher.fetch(request, into)
    at_other, at_home = other.seen[0].headers, server.seen[-1].headers
    assert not {"authorization", "x-api-key", "cookie"} & set(at_other) and at_other["accept"] == "text/plain"
    assert at_home["authorization"] == SECRET and at_home["cookie"] == "a=b"


async def test_a_redirect_cannot_carry_the_credential_away(fetcher: Fetcher, into: Path, key_file: Path) -> None:
    async with serving() as server, serving() as other:

        async def reflect(stream: http.trio.abc.Stream, seen: http.Seen) -> None:
            await stream.send_all(http.head(307, {"Location": other.url(f"/?{seen.target.partition('?')[2]}")}))

        server.on("/", reflect)
        by_query = Request(url=server.url("/?k={credential}"), credential_file=key_file)
        by_body = Request(url=server.url(), method="POST", body="{credential}", credential_file=key_file)
        for request in (by_query, by_body):
            with pytest.raises(FetchError, match="together with the credential"):
                await fetcher.fetch(request, into)
        assert not other.connections


@pytest.mark.parametrize("secret", ["K" * 40, "kEy0" * 50])
async def test_never_in_an_error_nor_in_the_log(
    make_fetcher: Make, log: Lines, into: Path, tmp_path: Path, secret: str
) -> None:
    """Every way a server has to make us say what it was sent."""
    key_file = tmp_path / "key"
    key_file.write_text(secret)
    key_file.chmod(0o600)
    fetcher = make_fetcher()
    echoes = [
        http.raw(f"HTTP/1.1 403 {secret}\r\n\r\n".encode()),
        http.raw(secret.encode() + b"\r\n\r\n"),
        http.raw(f"HTTP/1.1 200 OK\r\n{secret}\r\n\r\n".encode()),
        http.redirect(f"file:///{secret}"),
        http.redirect(f"{secret}:x"),
        http.redirect(f"http://{secret}.invalid/{secret}"),
        http.redirect(f"http://127.0.0.1:1/{secret}"),
        http.redirect(f"http://[{secret}/"),
        http.page(b"x", content_encoding=secret),
        http.status(429, retry_after=secret),
        http.page(b"x", etag=secret),
    ]
    said: list[str] = []
    async with serving() as server:
        server.on("/", http.in_turn(*echoes))
        for _ in echoes:
            request = Request(
                url=server.url("/?k={credential}"),
                headers={"Authorization": "{credential}"},
                credential_file=key_file,
            )
            try:
                said.append((await fetcher.fetch(request, into)).url)
            except FetchError as error:
                said += [str(error), repr(error), str(error.args)]
    said += log.lines
    assert len(log.lines) == len(echoes)
    assert not [text for text in said if secret[:20].lower() in text.lower()]


async def test_a_header_that_cannot_be_sent_is_not_quoted(fetcher: Fetcher, into: Path) -> None:
    async with serving() as server:
        request = Request(url=server.url(), headers={"Authorization": "topsecret\r\nX: y"})
        with pytest.raises(FetchError, match="cannot be sent") as caught:
            await fetcher.fetch(request, into)
    assert "topsecret" not in str(caught.value) and not server.seen


def test_does_not_show_itself() -> None:
    credential = Credential(SECRET)
    assert SECRET not in f"{credential} {credential!r}"
    assert credential.hide(f"a {SECRET} b {ENCODED} c") == "a {credential} b {credential} c"
    assert Credential("").hide("text") == "text"
    assert Credential("Key\\of+Mine").hide("at key\\of+mine.example.org, 'Key\\\\of+Mine'") == (
        "at {credential}.example.org, '{credential}'"
    )
    assert Credential("abc").hide("ABC abc") == "ABC {credential}"


async def test_a_server_that_sends_the_credential_back_does_not_put_it_on_our_disk(
    fetcher: Fetcher, into: Path, tmp_path: Path
) -> None:
    key_file, secret = tmp_path / "key", "K/e+y" * 8
    key_file.write_text(secret)
    key_file.chmod(0o600)
    body = f"invalid key {secret} at /?k={quote(secret, safe='')} in {json.dumps(secret)}\n".encode() * 3000
    async with serving() as server:
        server.on("/", http.page(body, etag=f'"{secret}"', link=f'</2?k={secret}>; rel="next"', content_type=secret))
        request = Request(
            url=server.url("/?k={credential}"), credential_file=key_file, kept_headers=("link", "etag", "date")
        )
        fetched = await fetcher.fetch(request, into)
    assert secret not in repr(fetched) and quote(secret, safe="") not in repr(fetched)
    assert fetched.validators.etag is None
    assert fetched.headers["link"] == '</2?k={credential}>; rel="next"'
    written = into.read_bytes()
    assert written == b'invalid key {credential} at /?k={credential} in "{credential}"\n' * 3000
    assert fetched.sha256 == hashlib.sha256(written).digest(), "the hash is that of what lies on the disk"


@given(st.lists(st.sampled_from([b"se", b"cret", b"secret99", b"9", b"x"]), max_size=30))
def test_a_secret_is_found_across_pieces(pieces: list[bytes]) -> None:
    scrubber = Credential("secret99").scrubber()
    assert scrubber is not None
    scrubbed = b"".join([*map(scrubber.feed, pieces), scrubber.finish()])
    assert scrubbed == b"".join(pieces).replace(b"secret99", b"{credential}")


def test_what_is_too_short_to_tell_from_text_is_left() -> None:
    assert Credential("abc").scrubber() is None and Credential("").scrubber() is None
