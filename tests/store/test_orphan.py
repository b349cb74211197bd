"""A server that outlived its tipd, and what a dead one left."""

# ruff: noqa: ASYNC220 - starting a process takes a millisecond

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
import structlog.testing
import trio
from support import servers

from tipd.errors import Unavailable
from tipd.store import orphan
from tipd.store.orphan import is_server_of
from tipd.store.places import Places
from tipd.store.postgres import managed

LOG = structlog.get_logger()


def test_the_server_a_killed_tipd_left_is_recognised_and_stopped(made_state):
    script = f"from support.servers import serve_until_killed as run; run({str(made_state)!r})"
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
    assert is_server_of(orphan, Places(made_state).cluster)

    async def main():
        with structlog.testing.capture_logs() as logs:
            async with managed(servers.make(made_state)) as server:
                assert server._health.facts["orphan_stopped"] is True
                assert server._health.facts["pid"] != orphan
                assert await servers.ask(server.dsn, "SELECT answer FROM kept") == 42
        assert any(line.get("pid") == orphan and line["log_level"] == "warning" for line in logs)

    trio.run(main)
    assert not is_server_of(orphan, Places(made_state).cluster)


async def test_a_pid_file_whose_number_is_somebody_elses_is_no_orphan(made_state):
    async with managed(servers.make(made_state)) as server:
        data = server.places.cluster
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    async with managed(servers.make(made_state)) as server:
        assert await servers.ask(server.dsn, "SELECT 1") == 1
        assert "orphan_stopped" not in server._health.facts


async def test_no_server_no_orphan(tmp_path):
    assert await orphan.stop_orphan(tmp_path, LOG) is False
    for text in ("", "word\n", "-5\n", "0\n", "2147483646\n"):
        (tmp_path / "postmaster.pid").write_text(text)
        assert await orphan.stop_orphan(tmp_path, LOG) is False


async def test_a_program_called_postgres_elsewhere_is_left_alone(tmp_path):
    program = tmp_path / "postgres"
    shutil.copy("/bin/sleep", program)
    other, cluster = tmp_path / "other", tmp_path / "cluster"
    for folder in (other, cluster):
        folder.mkdir()
    with subprocess.Popen([program, "60"], cwd=other) as process:
        (cluster / "postmaster.pid").write_text(f"{process.pid}\n")
        assert await orphan.stop_orphan(cluster, LOG) is False
        assert process.poll() is None
        assert not (cluster / "postmaster.pid").exists()  # or the server would refuse to start over it
        assert is_server_of(process.pid, other)
        (other / "postmaster.pid").write_text(f"{process.pid}\n")
        assert await orphan.stop_orphan(other, LOG) is True
        assert process.wait() == -signal.SIGINT


async def test_an_orphan_that_will_not_go_is_told(tmp_path):
    shutil.copy("/bin/bash", tmp_path / "postgres")
    script = "trap '' INT QUIT; echo up; while :; do read -t 1 < /dev/tty || sleep 0.05; done"
    with subprocess.Popen([tmp_path / "postgres", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n")
        with pytest.raises(Unavailable, match=f"process {process.pid}.* does not stop"):
            await orphan.stop_orphan(tmp_path, LOG, fast=0.05, immediate=0.05)
        process.kill()
