"""What a declaration says of the connection reaches it: authorities, our certificate, proxies, inner networks, keys."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from support import http_server as http
from support.collecting import House, house_of
from support.http_server import ScriptedServer, serving

from tipd.modules.blacklist.credentials import write
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings

DECLARED = 'url = "{url}"\nkind = "ipv4"\nevery = "1s"\nmin_interval = "1s"\n{more}\n'
LIST = http.page(b"192.0.2.1\n192.0.2.2\n")


@pytest.fixture
async def house(tmp_path: Path, dsn: str) -> AsyncIterator[House]:
    async with house_of(tmp_path, dsn) as made:
        yield made


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_of(authority: trustme.CA, *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if asks:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def collected(house: House, url: str, more: str = "", **settings: Any) -> tuple[str, str]:
    """Declare the source, collect it without any network allowed but what it says, return state and error."""
    (house.sources / "one.toml").write_text(DECLARED.format(url=url, more=more))
    house.fetcher = Fetcher(NetSettings(**settings), house.clock, house.log, house.context().rng)
    await house.store.pool.run(_make_due)
    report = (await house.collect(due=False))["one"]
    return report.status, report.error or ""


async def _make_due(connection: Any) -> None:
    await connection.execute("UPDATE source SET due = NULL")


ALLOWED = 'allow_networks = ["127.0.0.0/8"]\n'


async def test_networks_are_allowed_to_one_source(house: House) -> None:
    async with serving() as server:
        server.on("/", LIST)
        state, why = await collected(house, server.url())
        assert (state, "allow_networks does not name it" in why) == ("unreachable", True)
        assert not server.connections
        assert await collected(house, server.url(), ALLOWED) == ("ok", "")


async def test_its_own_authority_and_our_certificate(house: House, authority: trustme.CA, tmp_path: Path) -> None:
    ca_file, ours = tmp_path / "ca.pem", tmp_path / "ours.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("tipd.example.org").private_key_and_cert_chain_pem.write_to_path(str(ours))
    trusting = f'{ALLOWED}ca_file = "{ca_file}"\n'
    async with serving(tls_of(authority, asks=True)) as server:
        server.on("/", LIST)
        state, why = await collected(house, server.url(), ALLOWED)
        assert (state, "not trusted" in why) == ("unreachable", True)
        state, _ = await collected(house, server.url(), trusting)
        assert (state, server.seen) == ("unreachable", []), "it asks for a certificate"
        both = f'{trusting}client_cert_file = "{ours}"\n'
        assert await collected(house, server.url(), both) == ("ok", "")
        missing = f'{trusting}client_cert_file = "{tmp_path / "none.pem"}"\n'
        state, why = await collected(house, server.url(), missing)
        assert (state, f"the TLS file {tmp_path / 'none.pem'}" in why) == ("unreachable", True)


def tunnelling(target_port: int) -> http.Script:
    async def script(stream: trio.abc.Stream, _seen: http.Seen) -> None:
        await stream.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with await trio.open_tcp_stream("127.0.0.1", target_port) as onward:

            async def carry(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
                while piece := await source.receive_some(65536):
                    await sink.send_all(piece)
                nursery.cancel_scope.cancel()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(carry, stream, onward)
                nursery.start_soon(carry, onward, stream)

    return script


@pytest.mark.parametrize("secure", [False, True])
async def test_a_proxy_of_its_own_that_asks_who_we_are(
    house: House, authority: trustme.CA, tmp_path: Path, secure: bool
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    write(tmp_path / "state" / "credentials", "proxy", "collector:sesame12")
    async with serving(tls_of(authority) if secure else None) as server, serving() as proxy:
        server.on("/", LIST)
        proxy.on_any(tunnelling(server.port) if secure else LIST)
        more = f'{ALLOWED}proxy = "http://127.0.0.1:{proxy.port}"\nproxy_credential = "proxy"\n'
        if secure:
            more += f'ca_file = "{ca_file}"\n'
        assert await collected(house, server.url(), more) == ("ok", "")
        assert proxy.seen[0].headers["proxy-authorization"] == "Basic Y29sbGVjdG9yOnNlc2FtZTEy"
        assert len(server.seen) == (1 if secure else 0)
        proxy.on_any(http.status(407))
        state, why = await collected(house, server.url(), more)
        assert (state, "407" in why, "sesame12" in why) == ("forbidden", True, False)


# --- keys ------------------------------------------------------------------------------------------------------------

KEYED = ALLOWED + 'credential = "vendor"\n[request]\nheaders = { Authorization = "Bearer {credential}" }\n'


async def sent(server: ScriptedServer) -> str:
    return server.seen[-1].headers["authorization"]


async def test_a_key_is_missing_entered_rotated_and_open_to_others(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "credentials"
    async with serving() as server:
        server.on("/", LIST)
        state, why = await collected(house, server.url(), KEYED)
        assert (state, why) == (
            "needs_key",
            f"the credential file {folder / 'vendor'} does not exist (`tipd sources key vendor`)",
        )
        assert not server.connections

        write(folder, "vendor", "first-secret")
        assert await collected(house, server.url(), KEYED) == ("ok", "")
        assert await sent(server) == "Bearer first-secret"
        write(folder, "vendor", "second-secret")
        await collected(house, server.url(), KEYED)
        assert await sent(server) == "Bearer second-secret"

        (folder / "vendor").chmod(0o640)
        state, why = await collected(house, server.url(), KEYED)
        assert (state, f"{folder / 'vendor'} is open to others (mode 0640)" in why) == ("needs_key", True)


async def test_who_waits_for_a_key_is_asked_once_it_is_there(house: House, tmp_path: Path) -> None:
    async with serving() as server:
        server.on("/", LIST)
        slow = KEYED.replace("[request]", 'keep = "30d"\n[request]')
        await collected(house, server.url(), slow)
        row = await house.store.sources.get("one")
        assert row.state == "needs_key"
        await house.store.sources.give_back("blacklist", row.due, {"one": row.last_attempt.replace(year=2099)})
        assert await house.collect(due=False) == {}
        write(tmp_path / "state" / "credentials", "vendor", "first-secret")
        house.fetcher = Fetcher(NetSettings(), house.clock, house.log, house.context().rng)
        assert (await house.collect(due=False))["one"].status == "ok"


async def test_a_key_from_systemd(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    granted = tmp_path / "granted"
    granted.mkdir()
    (granted / "vendor").write_text("of-the-manager\n")
    (granted / "vendor").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(granted))
    async with serving() as server:
        server.on("/", LIST)
        assert await collected(house, server.url(), KEYED) == ("ok", "")
        assert await sent(server) == "Bearer of-the-manager"
