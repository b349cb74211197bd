"""A server process that stops badly, talks much, or does not start; played by shell scripts."""

import os
import signal

import pytest
import structlog
import trio

from tipd.errors import Unavailable
from tipd.store.account import Account
from tipd.store.postmaster import Postmaster

LOG = structlog.get_logger()
US = Account("us", os.geteuid(), os.getegid(), switch=False)


async def start(folder, script: str) -> Postmaster:
    return await Postmaster.start(["/bin/sh", "-c", script], folder, US, (), LOG)


async def run_to_end(folder, script: str) -> Postmaster:
    server = await start(folder, script)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.pass_on)
        await server.wait()
        await server.stop(1)
    return server


async def test_lines_become_log_lines_by_their_severity(tmp_path):
    script = "printf 'LOG:  one\\n\\nFATAL:  two\\nPANIC:  three\\nHINT:  four\\nplain\\377\\nWARNING:  no end' >&2"
    with structlog.testing.capture_logs() as logs:
        server = await run_to_end(tmp_path, script + "; echo >&2")
    said = [(line["log_level"], line["event"]) for line in logs]
    assert said == [
        ("debug", "postgres: one"),
        ("warning", "postgres: two"),
        ("error", "postgres: three"),
        ("debug", "postgres: four"),
        ("debug", "postgres: plain\ufffd"),
        ("warning", "postgres: no end"),
    ]
    assert "FATAL:  two | PANIC:  three | plain" in server.last_words()


async def test_a_line_without_end_does_not_fill_memory(tmp_path):
    with structlog.testing.capture_logs() as logs:
        await run_to_end(tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x >&2")
    assert len(logs) > 3
    assert max(len(line["event"]) for line in logs) < 2100


async def test_what_ended_before_it_was_ready_says_so(tmp_path):
    server = await start(tmp_path, "echo 'FATAL:  pre-existing shared memory block is still in use' >&2; exit 1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.pass_on)
        assert await server.ready() is False
        await server.stop(1)
    assert server.ended == 1
    assert server.passing()
    assert "shared memory" in server.last_words()


async def test_somebody_elses_pid_file_does_not_make_it_ready(tmp_path):
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n" + "x\n" * 6 + "ready\n")
    server = await start(tmp_path, "exec sleep 60")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.pass_on)
        with trio.move_on_after(0.2):
            pytest.fail(str(await server.ready()))
        file = tmp_path / "postmaster.pid"
        file.write_text(f"{server.pid}\n" + "x\n" * 6 + "starting\n")
        with trio.move_on_after(0.1):
            pytest.fail(str(await server.ready()))
        file.write_text(f"{server.pid}\n" + "x\n" * 6 + "ready   \n")
        assert await server.ready() is True
        await server.stop(5)
    assert server.ended == -signal.SIGINT


@pytest.mark.parametrize(
    ("ignored", "ended"), [("", -signal.SIGINT), ("INT", -signal.SIGQUIT), ("INT QUIT", -signal.SIGKILL)]
)
async def test_who_does_not_stop_is_made_to_also_when_we_are_cancelled(tmp_path, ignored, ended, monkeypatch):
    monkeypatch.setattr("tipd.store.postmaster.IMMEDIATE", 0.2)
    trap = f"trap '' {ignored};" if ignored else ""
    server = await start(tmp_path, f"{trap} echo LOG:  up >&2; exec sleep 60")
    with structlog.testing.capture_logs() as logs, trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.pass_on)
            while not logs:
                await trio.sleep(0.01)
            scope.cancel()
            await server.stop(0.2)
    assert server.ended == ended
    await server.stop(0.2)  # twice does no harm


async def test_a_program_that_cannot_run_is_named(tmp_path):
    with pytest.raises(Unavailable, match=r"cannot run .*/none as us: No such file"):
        await Postmaster.start([str(tmp_path / "none")], tmp_path, US, (), LOG)
