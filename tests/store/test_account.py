"""As whom the server runs."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest
from support import drop, servers

from tipd.errors import ConfigError
from tipd.store import account
from tipd.store.account import Account
from tipd.store.postgres import managed

ROOT = os.geteuid() == 0
NOBODY = Account("nobody", 65534, 65534, switch=True)
as_root = pytest.mark.skipif(not ROOT, reason="needs root")


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
async def test_a_cluster_that_belongs_to_root_is_refused(state_dir):
    (state_dir / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(ConfigError, match="does not run as root"):
        async with managed(servers.make(state_dir)):
            pass


def test_mode_bits_say_who_may_enter(tmp_path):
    open_to_all, closed = Path("/usr/bin"), tmp_path / "closed"
    closed.mkdir(0o700)
    assert NOBODY.can_reach(open_to_all)
    assert not NOBODY.can_reach(closed)
    assert not NOBODY.can_reach(tmp_path / "missing")
    assert Account("me", os.geteuid(), os.getegid(), switch=False).can_reach(closed)


@as_root
async def test_nobody_will_do_where_there_is_nobody_better(state_dir, monkeypatch):
    monkeypatch.setattr(account, "_FOR_ROOT", ("no_such_user", "root", "nobody"))
    async with managed(servers.make(state_dir)) as server:
        assert server.places.cluster.stat().st_uid == pwd.getpwnam("nobody").pw_uid
        assert await servers.ask(server.dsn, "SELECT 1") == 1
    monkeypatch.undo()
    async with managed(servers.make(state_dir)) as server:  # whose it is, it stays
        assert server.places.cluster.stat().st_uid == pwd.getpwnam("nobody").pw_uid


@as_root
def test_a_machine_without_any_such_user_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(account, "_FOR_ROOT", ("no_such_user", "root"))
    with pytest.raises(ConfigError, match="no user tipd, postgres or nobody"):
        account.choose(tmp_path / "data")


def test_a_number_without_a_passwd_entry_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_123)
    with pytest.raises(ConfigError, match="user number 4000123 has no passwd entry"):
        account.choose(tmp_path / "data")


def test_an_ordinary_user_runs_the_server_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    chosen = account.choose(tmp_path / "data")
    assert (chosen.uid, chosen.switch, chosen.spawn()) == (65534, False, {})
