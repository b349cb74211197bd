import shutil
import subprocess
from typing import Any

import pytest

from tipd.cli import main, options
from tipd.cli.completion import words_of


@pytest.fixture
def script(tipd: Any) -> str:
    ran = tipd("completion", "bash")
    assert ran.code == 0
    return ran.out


def complete(script: str, *words: str) -> set[str]:
    """Return what bash would offer after these words."""
    line = " ".join(f"'{word}'" for word in words)
    asked = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _tipd; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_offers_verbs_options_and_choices(script: str, tmp_path: Any) -> None:
    assert set(main.VERBS) <= complete(script, "tipd", "")
    assert complete(script, "tipd", "tok") == {"token"}
    assert {"create", "list", "revoke"} <= complete(script, "tipd", "--json", "token", "")
    assert complete(script, "tipd", "--config", "status", "token", "create", "--no") == {"--note"}
    assert complete(script, "tipd", "completion", "b") == {"bash"}
    assert complete(script, "tipd", "watch", "--ki") == {"--kind"}
    assert complete(script, "tipd", "watch", "--kind", "x", "--js") == {"--json"}
    (tmp_path / "a.toml").touch()
    assert complete(script, "tipd", "--config", f"{tmp_path}/a") == {f"{tmp_path}/a.toml"}
    assert complete(script, "tipd", "status", "--url", "") == set()


def test_every_word_of_the_parser_is_in_every_script(tipd: Any) -> None:
    tree = words_of(main.parser(), ())
    assert {words.path[-1] for words in tree if words.path} >= set(main.VERBS) | {"create", "test"}
    for shell in ("bash", "zsh", "fish"):
        text = tipd("completion", shell).out
        for words in tree:
            for verb in words.verbs:
                assert verb in text
            for option in words.flags | words.valued:
                assert option in text or f"-l {option[2:]}" in text or f"-s {option[1:]}" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_have_no_faults_of_syntax(tipd: Any, shell: str) -> None:
    program = shutil.which(shell)
    assert program, f"{shell} is not installed; `make test` installs it as root (scripts/program.sh {shell})"
    text = tipd("completion", shell).out
    done = subprocess.run([program, "-n"], input=text, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_parser_has_the_global_options_everywhere() -> None:
    for parser in options.below(main.parser()):
        known = {option for action in parser._actions for option in action.option_strings}
        assert {"--config", "--url", "--token-file", "--json", "--quiet", "--verbose"} <= known, parser.prog
