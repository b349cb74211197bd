"""The managed server, real: as root it runs as another user, below pytest's 0700 folder that this user cannot enter."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import structlog.testing
import trio
from support import drop, servers
from support.pg import unprivileged

from tipd.errors import ConfigError, TryAgain, Unavailable
from tipd.store.orphan import is_server_of
from tipd.store.places import Places
from tipd.store.postgres import managed

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="needs root")


async def test_first_start_makes_a_cluster_with_checksums_for_a_user_that_is_no_superuser(tmp_path):
    async with managed(servers.make(tmp_path / "state")) as server:
        assert await servers.ask(server.dsn, "SELECT current_user || current_database()") == "tipdtipd"
        assert await servers.ask(server.dsn, "SHOW data_checksums") == "on"
        assert await servers.ask(server.dsn, "SHOW is_superuser") == "off"
        assert await servers.ask(server.dsn, "SHOW listen_addresses") == ""
        assert await servers.ask(server.dsn, "SHOW fsync") == "on"
        if ROOT:
            assert Path(f"/proc/{server._health.facts['pid']}").stat().st_uid == unprivileged().pw_uid
        assert stat.S_IMODE(server.places.run.stat().st_mode) == 0o700
    assert not (server.places.cluster / "postmaster.pid").exists()  # stopped cleanly
    with pytest.raises(Unavailable):
        _ = server.dsn


async def test_what_was_stored_is_there_at_the_second_start(tmp_path):
    async with managed(servers.make(tmp_path)) as server:
        await servers.ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with managed(servers.make(tmp_path)) as server:
        assert await servers.ask(server.dsn, "SELECT answer FROM kept") == 42


async def test_a_killed_server_is_started_again_and_is_no_crash_of_ours(tmp_path):
    async with managed(servers.make(tmp_path)) as server:
        await servers.ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        for _ in range(2):
            first = server._health.facts["pid"]
            os.kill(first, signal.SIGKILL)
            with trio.fail_after(30):
                while server._health.facts["pid"] == first or server._health.facts["state"] != "running":
                    await trio.sleep(0.02)
            assert await servers.ask(server.dsn, "SELECT answer FROM kept") == 42
        assert server.restarts >= 2
        assert server._health.facts["restarts"] == server.restarts


async def test_only_one_tipd_holds_a_state_directory(tmp_path):
    async with managed(servers.make(tmp_path)) as server:
        with pytest.raises(TryAgain, match=rf"in use by another tipd \(process {os.getpid()}\)"):
            async with managed(servers.make(tmp_path)):
                pass
        assert await servers.ask(server.dsn, "SELECT 1") == 1


async def test_an_error_in_the_block_comes_out_as_itself_and_the_server_stops(tmp_path):
    server = servers.make(tmp_path)
    with pytest.raises(ZeroDivisionError):
        async with managed(server):
            raise ZeroDivisionError
    assert not (server.places.cluster / "postmaster.pid").exists()


def test_the_server_a_killed_tipd_left_is_recognised_and_stopped(tmp_path):
    script = f"from support.servers import serve_until_killed as run; run({str(tmp_path)!r})"
    here = Path(__file__).parents[1]
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(here)},
    )
    with child:
        orphan = int(child.stdout.readline() or 0)
        child.kill()
    assert is_server_of(orphan, Places(tmp_path).cluster)

    async def main():
        with structlog.testing.capture_logs() as logs:
            async with managed(servers.make(tmp_path)) as server:
                assert server._health.facts["orphan_stopped"] is True
                assert server._health.facts["pid"] != orphan
                assert await servers.ask(server.dsn, "SELECT answer FROM kept") == 42
        assert any(line.get("pid") == orphan and line["log_level"] == "warning" for line in logs)

    trio.run(main)
    assert not is_server_of(orphan, Places(tmp_path).cluster)


async def test_a_pid_file_whose_number_is_somebody_elses_is_no_orphan(tmp_path):
    async with managed(servers.make(tmp_path)) as server:
        data = server.places.cluster
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    async with managed(servers.make(tmp_path)) as server:
        assert await servers.ask(server.dsn, "SELECT 1") == 1
        assert "orphan_stopped" not in server._health.facts


async def test_a_path_longer_than_a_socket_address_works(tmp_path):
    deep = tmp_path.joinpath(*["a_rather_long_folder_name"] * 6, 'with a space, a comma and a "quote')
    async with managed(servers.make(deep)) as server:
        assert len(os.fsencode(server.places.run)) > 107
        assert await servers.ask(server.dsn, "SELECT 1") == 1


@as_root
def test_it_works_for_an_ordinary_user():
    folder = Path("/tmp") / f"tipd-user-{os.getpid()}"
    folder.mkdir(0o700)
    entry = unprivileged()
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    try:
        told = drop.call(entry.pw_name, "support.servers:serve_and_ask", str(folder / "state"))
        assert told == {"user": "tipd", "uid": entry.pw_uid, "sums": "on"}
        told = servers.serve_and_ask(str(folder / "state"))  # root takes over what that user made
        assert told["uid"] == entry.pw_uid
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


@as_root
def test_a_cluster_of_another_user_is_refused_in_plain_words():
    folder = Path("/tmp") / f"tipd-user-{os.getpid()}"
    (folder / "postgres" / "data").mkdir(parents=True)
    (folder / "postgres" / "data" / "PG_VERSION").write_text("15\n")
    os.chown(folder, 65534, 65534)
    os.chown(folder / "postgres" / "data", 1, 1)
    try:
        with pytest.raises(RuntimeError, match=r"belongs to daemon, and tipd runs as nobody"):
            drop.call("nobody", "support.servers:serve_and_ask", str(folder))
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


@as_root
async def test_a_cluster_that_belongs_to_root_is_refused(tmp_path):
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(ConfigError, match="does not run as root"):
        async with managed(servers.make(tmp_path)):
            pass


async def test_a_broken_cluster_says_what_postgres_said(tmp_path):
    async with managed(servers.make(tmp_path)) as server:
        conf = server.places.cluster / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nno_such_setting = 1\n")
    with pytest.raises(Unavailable, match=r"does not start: .*no_such_setting"):
        async with managed(servers.make(tmp_path)):
            pass


async def test_an_unknown_major_names_what_to_install(tmp_path):
    async with managed(servers.make(tmp_path)) as server:
        version = server.places.cluster / "PG_VERSION"
    version.write_text("99\n")
    with pytest.raises(Unavailable, match=r"the data need PostgreSQL 99, found: \d+"):
        async with managed(servers.make(tmp_path)):
            pass


async def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "postgres").write_text("")
    with pytest.raises(ConfigError, match="postgres is in the way"):
        async with managed(servers.make(tmp_path)):
            pass


async def test_a_missing_cluster_beside_an_old_one_is_not_replaced_by_an_empty_one(tmp_path):
    (tmp_path / "postgres" / "data-15").mkdir(parents=True)
    with pytest.raises(ConfigError, match="rename it back"):
        async with managed(servers.make(tmp_path)):
            pass
    assert not (tmp_path / "postgres" / "data").exists()


async def test_half_a_cluster_from_a_crash_is_removed(tmp_path):
    left = tmp_path / "postgres" / "making-0123abcd"
    left.mkdir(parents=True)
    async with managed(servers.make(tmp_path)) as server:
        assert await servers.ask(server.dsn, "SELECT 1") == 1
    assert not left.exists()
