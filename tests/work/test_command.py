"""Programs of the operator's: given bytes, limited, and gone when they are done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio

from tipd.work.command import MOST_SAID, run_command

WITHIN = 20.0


async def test_it_is_given_its_input_and_a_clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPD_SECRET_OF_OURS", "hidden")
    out = tmp_path / "out"
    words = ["sh", "-c", f"cat > {out}; env"]
    ended = await run_command(words, b"one\ntwo\n", within=WITHIN, environment={"TIPD_SINK": "pager"})
    assert ended.code == 0
    assert out.read_bytes() == b"one\ntwo\n"
    assert "TIPD_SINK=pager" in ended.said
    assert "hidden" not in ended.said


async def test_words_are_words_and_no_shell_reads_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = await run_command(["echo", f"$(touch {out})", ";", "`id`"], b"", within=WITHIN)
    assert (ended.code, ended.said) == (0, f"$(touch {out}) ; `id`")
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sh", "-c", "echo broken >&2; exit 3"], 3, "broken"),
        (["no-such-program-here"], 127, "there is no program no-such-program-here"),
        (["/"], 126, "/: Permission denied"),
        (["sh", "-c", "kill -9 $$"], -9, ""),
    ],
)
async def test_how_it_ended(words: list[str], code: int, said: str) -> None:
    assert await run_command(words, b"", within=WITHIN) == (code, said)


@pytest.mark.parametrize("words", [["true"], ["sh", "-c", "exec <&-; exit 0"], ["head", "-c", "10"]])
async def test_it_need_not_read_what_it_is_given(words: list[str]) -> None:
    assert (await run_command(words, b"x" * 5_000_000, within=WITHIN)).code == 0


async def test_of_a_flood_little_is_kept() -> None:
    ended = await run_command(["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"], b"", within=WITHIN)
    assert (ended.code, len(ended.said)) == (0, MOST_SAID)


@pytest.mark.parametrize("words", [["sleep", "1000"], ["sh", "-c", "trap '' TERM INT; yes"]])
async def test_one_that_does_not_end_is_killed(words: list[str]) -> None:
    assert (await run_command(words, b"", within=0.3)).code is None


async def test_what_it_leaves_behind_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    ended = await run_command(["sh", "-c", f"sleep 1000 & echo $! > {pid}"], b"", within=WITHIN)
    assert ended.code == 0
    with trio.fail_after(10):
        while Path(f"/proc/{int(pid.read_text())}").exists():
            if "\nState:\tZ" in Path(f"/proc/{int(pid.read_text())}/status").read_text():
                break
            await trio.sleep(0.01)


async def test_cancelled_it_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            await run_command(["sh", "-c", f"echo $$ > {pid}; exec sleep 1000"], b"", within=WITHIN)

        nursery.start_soon(run)
        with trio.fail_after(10):
            while not (pid.exists() and pid.read_text().strip()):
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
