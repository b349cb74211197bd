"""Certificates that are wrong, each in its own way, and those that are right."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio
import trustme
from support import http_server as http
from support.http_server import serving
from support.names import FakeResolver

from tipd.net.fetch import Fetcher
from tipd.net.request import FetchError, Limits, Request

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = FakeResolver({"lists.example.org": [["127.0.0.1"]]})

type Make = Callable[..., Fetcher]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(made)
    return made


async def trouble(fetcher: Fetcher, tls: ssl.SSLContext, into: Path, ca_file: Path | None) -> FetchError:
    async with serving(tls) as server:
        server.on("/", http.page(b"x"))
        url = server.url(host="lists.example.org")
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(Request(url=url, ca_file=ca_file, limits=Limits(connect=5)), into)
        assert not server.seen
    return caught.value


async def test_ca_file_makes_a_private_authority_trusted(
    make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path
) -> None:
    tls = context(authority.issue_cert("lists.example.org", "127.0.0.1"))
    fetcher = make_fetcher(NAMES)
    async with serving(tls) as server:
        server.on("/", http.page(b"x" * 100_000, etag='"1"'))
        for host in ("lists.example.org", "127.0.0.1", "lists.example.org."):
            fetched = await fetcher.fetch(Request(url=server.url(host=host), ca_file=ca_file), into)
            assert fetched.status == "ok" and into.stat().st_size == 100_000


async def test_ca_file_of_the_configuration(
    make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path
) -> None:
    fetcher = make_fetcher(NAMES, ca_file=str(ca_file))
    async with serving(context(authority.issue_cert("lists.example.org"))) as server:
        server.on("/", http.page(b"x"))
        assert (await fetcher.fetch(Request(url=server.url(host="lists.example.org")), into)).status == "ok"


async def test_unknown_authority(make_fetcher: Make, authority: trustme.CA, into: Path) -> None:
    error = await trouble(make_fetcher(NAMES), context(authority.issue_cert("lists.example.org")), into, None)
    assert error.state == "unreachable"
    assert str(error) == "TLS: the certificate of lists.example.org comes from an authority that is not trusted"


async def test_expired(make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path) -> None:
    certificate = authority.issue_cert(
        "lists.example.org", not_before=LONG_AGO, not_after=LONG_AGO + timedelta(days=90)
    )
    error = await trouble(make_fetcher(NAMES), context(certificate), into, ca_file)
    assert str(error) == "TLS: the certificate of lists.example.org has expired"


async def test_wrong_name(make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path) -> None:
    error = await trouble(make_fetcher(NAMES), context(authority.issue_cert("other.example.org")), into, ca_file)
    assert str(error) == "TLS: the certificate of lists.example.org is for another name"


async def test_not_tls_at_all(make_fetcher: Make, into: Path) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]  # type: ignore[attr-defined]

    async def greet(stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 mx.example.org ESMTP\r\n")
        await stream.receive_some()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, greet, listeners)
        with pytest.raises(FetchError, match=r"^TLS: the handshake with 127.0.0.1 failed") as caught:
            await make_fetcher().fetch(Request(url=f"https://127.0.0.1:{port}/"), into)
        nursery.cancel_scope.cancel()
    assert caught.value.state == "unreachable"


async def test_a_handshake_that_never_ends(make_fetcher: Make, into: Path) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]  # type: ignore[attr-defined]
    with pytest.raises(FetchError, match=r"timeout: no TLS with 127.0.0.1"):
        await make_fetcher().fetch(Request(url=f"https://127.0.0.1:{port}/", limits=Limits(connect=0.1)), into)
    await listeners[0].aclose()


async def test_a_ca_file_that_cannot_be_used(make_fetcher: Make, authority: trustme.CA, into: Path) -> None:
    empty = into.with_name("empty.pem")
    empty.write_text("not a certificate")
    tls = context(authority.issue_cert("lists.example.org"))
    assert "holds no certificates" in str(await trouble(make_fetcher(NAMES), tls, into, empty))
    missing = await trouble(make_fetcher(NAMES), tls, into, into.with_name("missing.pem"))
    assert "missing.pem: No such file" in str(missing)


async def test_a_ca_file_that_is_renewed_is_read_again(
    make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path
) -> None:
    fetcher, tls = make_fetcher(NAMES), context(authority.issue_cert("lists.example.org"))
    good = ca_file.read_bytes()
    ca_file.write_bytes(trustme.CA().cert_pem.bytes())
    assert "not trusted" in str(await trouble(fetcher, tls, into, ca_file))
    ca_file.write_bytes(good)
    async with serving(tls) as server:
        server.on("/", http.page(b"x"))
        request = Request(url=server.url(host="lists.example.org"), ca_file=ca_file)
        assert (await fetcher.fetch(request, into)).status == "ok"


async def test_client_certificate(make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path) -> None:
    tls = context(authority.issue_cert("127.0.0.1"))
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    ours = into.with_name("ours.pem")
    authority.issue_cert("tipd@example.org").private_key_and_cert_chain_pem.write_to_path(str(ours))
    async with serving(tls) as server:
        server.on("/", http.page(b"x"))
        request = Request(url=server.url(), ca_file=ca_file, client_cert_file=ours)
        assert (await make_fetcher().fetch(request, into)).status == "ok"
        with pytest.raises(FetchError):
            await make_fetcher().fetch(Request(url=server.url(), ca_file=ca_file), into)
        bad = Request(url=server.url(), ca_file=ca_file, client_cert_file=ca_file)
        with pytest.raises(FetchError, match="no certificate and key that fit"):
            await make_fetcher().fetch(bad, into)


async def test_body_without_length_is_whole_only_after_tls_goodbye(
    make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path
) -> None:
    async def torn(stream: trio.abc.Stream, seen: http.Seen) -> None:
        await stream.send_all(http.head(200) + b"192.0.2.1\n")
        assert isinstance(stream, trio.SSLStream)
        await stream.transport_stream.aclose()

    async with serving(context(authority.issue_cert("127.0.0.1"))) as server:
        server.on("/whole", http.raw(http.head(200) + b"192.0.2.1\n"))
        server.on("/torn", torn)
        fetched = await make_fetcher().fetch(Request(url=server.url("/whole"), ca_file=ca_file), into)
        assert fetched.bytes == 10
        with pytest.raises(FetchError, match="truncated"):
            await make_fetcher().fetch(Request(url=server.url("/torn"), ca_file=ca_file), into)


async def test_never_from_https_to_http(make_fetcher: Make, authority: trustme.CA, ca_file: Path, into: Path) -> None:
    async with serving(context(authority.issue_cert("127.0.0.1"))) as server, serving() as plain:
        server.on("/", http.redirect(plain.url()))
        plain.on("/up", http.redirect(server.url("/end")))
        server.on("/end", http.page(b"x"))
        with pytest.raises(FetchError, match="from https to http"):
            await make_fetcher().fetch(Request(url=server.url(), ca_file=ca_file), into)
        assert not plain.seen
        assert (await make_fetcher().fetch(Request(url=plain.url("/up"), ca_file=ca_file), into)).status == "ok"
