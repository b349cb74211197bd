"""The managed server, real: as root it runs as another user, below pytest's 0700 folder that this user cannot enter."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest
import trio
from support import drop, servers
from support.pg import unprivileged

from tipd.errors import Unavailable
from tipd.store.postgres import managed

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="needs root")


async def test_first_start_makes_a_cluster_with_checksums_for_a_user_that_is_no_superuser(state_dir):
    async with managed(servers.make(state_dir / "state")) as server:
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


async def test_what_was_stored_is_there_at_the_second_start(made_state):
    async with managed(servers.make(made_state)) as server:
        await servers.ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with managed(servers.make(made_state)) as server:
        assert await servers.ask(server.dsn, "SELECT answer FROM kept") == 42


async def test_a_killed_server_is_started_again_and_is_no_crash_of_ours(made_state):
    async with managed(servers.make(made_state)) as server:
        await servers.ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        for _ in range(2):
            first = server._health.facts["pid"]
            os.kill(first, signal.SIGKILL)
            with trio.fail_after(60):
                while server._health.facts["pid"] == first or server._health.state != "running":
                    await trio.sleep(0.02)
            assert await servers.ask(server.dsn, "SELECT answer FROM kept") == 42
        assert server.restarts >= 2
        assert server._health.facts["restarts"] == server.restarts


async def test_an_error_in_the_block_comes_out_as_itself_and_the_server_stops(made_state):
    server = servers.make(made_state)
    with pytest.raises(ZeroDivisionError):
        async with managed(server):
            raise ZeroDivisionError
    assert not (server.places.cluster / "postmaster.pid").exists()


async def test_a_path_longer_than_a_socket_address_works(state_dir):
    deep = state_dir.joinpath(*["a_rather_long_folder_name"] * 6, 'with a space, a comma and a "quote')
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


async def test_a_broken_cluster_says_what_postgres_said(made_state):
    async with managed(servers.make(made_state)) as server:
        conf = server.places.cluster / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nno_such_setting = 1\n")
    with pytest.raises(Unavailable, match=r"does not start: .*no_such_setting"):
        async with managed(servers.make(made_state)):
            pass


async def test_an_unknown_major_names_what_to_install(made_state):
    async with managed(servers.make(made_state)) as server:
        version = server.places.cluster / "PG_VERSION"
    version.write_text("99\n")
    with pytest.raises(Unavailable, match=r"the data need PostgreSQL 99, found: \d+"):
        async with managed(servers.make(made_state)):
            pass
