"""The whole agent: a maildir is read, sealed, announced and served; a peer that comes later gets its view."""

import hashlib
import os
import signal
import socket
from pathlib import Path

import pytest
import structlog
import trio
from support.agent_host import Host, Reader

from tipd.agent import enroll, peers, service, settings
from tipd.clock import SystemClock
from tipd.errors import ConfigError, TryAgain

MAIL = b"From: a@example.org\r\nTo: x@trap.example.org\r\nSubject: hi\r\n\r\nhello http://shop.example.org/a?x=1\r\n"
LOG = structlog.wrap_logger(structlog.ReturnLogger(), processors=[structlog.processors.JSONRenderer()])


def configured(folder: Path, listen: str = "127.0.0.1:0", more: str = "") -> settings.AgentConfig:
    for each in ("new", "cur", "tmp"):
        (folder / "Maildir" / each).mkdir(parents=True, exist_ok=True)
    path = folder / "agent.toml"
    path.write_text(
        f'state_dir = "{folder}/state"\n[agent]\nname = "mx1"\nlisten = "{listen}"\nseal_after = "10ms"\n'
        f'look_every = "100ms"\nmax_load = 1000.0\nmaildirs = ["{folder}/Maildir"]\n{more}'
    )
    return settings.load(path, {})


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def deliver(folder: Path, mail: bytes = MAIL) -> None:
    name = f"1.M{len(mail)}.h"
    (folder / "Maildir" / "tmp" / name).write_bytes(mail)
    (folder / "Maildir" / "tmp" / name).rename(folder / "Maildir" / "new" / name)


async def announced(host: Host, token: str) -> Reader:
    """Read announcements as soon as somebody listens."""
    while True:
        try:
            stream = await host.connect()
            break
        except OSError:
            await trio.sleep(0.02)
    key = "MDEyMzQ1Njc4OWFiY2RlZg=="
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Key": key, "Sec_WebSocket_Version": "13"}
    await stream.send_all(host.request("/v1/announce", token=token, **headers))
    return await Reader.of(stream)


async def version_after(reader: Reader, n: int) -> int:
    while True:
        if (told := (await reader.message())["last"]) > n:
            return int(told)


async def test_a_mail_that_comes_is_sealed_announced_and_served(tmp_path: Path) -> None:
    config = configured(tmp_path, f"127.0.0.1:{free_port()}")
    clock = SystemClock()
    lab = enroll.enroll(config, "lab", "redacted", clock)
    (tmp_path / "host").mkdir()
    host = Host(tmp_path / "host", 0)
    host.port = int(config.agent.listen.rpartition(":")[2])
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service.run, config, clock, LOG)
            reader = await announced(host, lab.token)
            deliver(tmp_path)
            n = await version_after(reader, 0)
            assert (await host.ask(f"/v1/versions/{n}", token=lab.token)).status == 200
            page = (await host.ask("/metrics", token="")).body.decode()
            assert 'tipd_agent_version_last{view="redacted"} 1' in page
            assert 'tipd_agent_mails_total{state="read"} 1' in page
            # The view full was sealed for nobody; somebody comes for it, and what comes from then on is there.
            police = enroll.enroll(config, "police", "full", clock)
            stream = await host.connect()
            while (await host.ask("/v1/versions", token=police.token, stream=stream)).status != 200:
                await trio.sleep(0.05)
            reader = await announced(host, police.token)
            deliver(tmp_path, MAIL + b"again\r\n")
            await version_after(reader, 0)
            sha256 = hashlib.sha256(MAIL + b"again\r\n").hexdigest()
            assert (await host.ask(f"/v1/mails/{sha256}", token=police.token)).body == MAIL + b"again\r\n"
            assert (await host.ask(f"/v1/mails/{sha256}", token=lab.token)).status == 403
            with pytest.raises(TryAgain):
                await service.run(config, clock, LOG)
            os.kill(os.getpid(), signal.SIGTERM)
    host.close()
    assert "given" in (config.state_dir / "audit.jsonl").read_text()


async def test_what_is_wrong_with_the_listener_is_said_at_the_start(tmp_path: Path) -> None:
    config = configured(tmp_path, "0.0.0.0:0")
    with pytest.raises(ConfigError, match="tls_cert_file"):
        await service.run(config, SystemClock(), LOG)
    with pytest.raises(ConfigError, match="tls_cert_file"):  # and the state folder was let go
        await service.run(config, SystemClock(), LOG)


async def test_a_view_that_cannot_be_sealed_is_said_once_and_harms_no_other(tmp_path: Path) -> None:
    config = configured(tmp_path, f"127.0.0.1:{free_port()}")
    clock = SystemClock()
    lab = enroll.enroll(config, "lab", "redacted", clock)
    peers.enroll(config.state_dir / enroll.PEERS, "odd", peers.Peer(view="nix"), clock.now())
    (tmp_path / "host").mkdir()
    host = Host(tmp_path / "host", 0)
    host.port = int(config.agent.listen.rpartition(":")[2])
    with structlog.testing.capture_logs() as logged, trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service.run, config, clock, structlog.get_logger())
            reader = await announced(host, lab.token)
            deliver(tmp_path)
            await version_after(reader, 0)
            nursery.cancel_scope.cancel()
    host.close()
    assert {line["view"] for line in logged if line["event"] == "a peer's view cannot be sealed"} == {"nix"}
