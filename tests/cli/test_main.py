import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tipd.cli import main
from tipd.errors import ConfigError, TryAgain


def test_no_verb_is_help(tipd: Any) -> None:
    ran = tipd()
    assert ran.code == 0
    assert all(verb in ran.out for verb in main.VERBS)


@pytest.mark.parametrize(
    "words", [("frobnicate",), ("lookup",), ("token", "create"), ("--no-such",), ("watch", "--since", "x")]
)
def test_usage_errors_are_2(tipd: Any, words: tuple[str, ...]) -> None:
    ran = tipd(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "usage:" in ran.err


def test_every_verb_keeps_the_contract() -> None:
    for verb in main.VERBS:
        module = main.load(verb)
        assert callable(module.add_parser), verb
        assert callable(module.run), verb


def test_the_help_in_the_list_is_the_verbs_own() -> None:
    whole = main.parser()
    for action in whole._actions:
        for choice in getattr(action, "_choices_actions", ()):
            assert choice.help, choice.dest


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("bad.toml:3: no"), 78, "tipd: bad.toml:3: no\n"),
        (TryAgain("busy"), 75, "tipd: busy\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_are_one_sentence_and_a_code(
    tipd: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def fail(_args: object) -> int:
        raise error

    monkeypatch.setattr("tipd.cli.version.run", fail)
    ran = tipd("version")
    assert (ran.code, ran.out, ran.err) == (code, "", said)


def tipd_process(*words: str, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tipd", *words], **more)


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    read, write = os.pipe()
    os.close(read)
    process = tipd_process("completion", "bash", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (main.EXIT_PIPE, b"")
    assert main.EXIT_PIPE == 128 + signal.SIGPIPE


def test_a_small_verb_imports_little() -> None:
    code = (
        "import sys; from tipd.cli.main import main; main(['version']);"
        "heavy = {'trio', 'numpy', 'quart', 'asyncpg', 'httpcore', 'http.client', 'hypothesis'} & set(sys.modules);"
        "sys.exit(1 if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_no_daemon_is_69(tipd: Any, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    for words in (("lookup", "a"), ("status",), ("findings",), ("token", "list"), ("export",), ("watch",)):
        ran = tipd(*words)
        assert (ran.code, ran.out) == (69, ""), words
        assert "tipd run" in ran.err
