"""The command line of the agent: words, exit codes, where options may stand."""

import json
import sys
from pathlib import Path

import pytest

from tipd.agent import cli, settings, verbs


@pytest.fixture
def config(tmp_path: Path, monkeypatch) -> str:
    for each in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / each).mkdir(parents=True)
    path = tmp_path / "agent.toml"
    path.write_text(f'state_dir = "{tmp_path}/state"\n[agent]\nname = "mx1"\nmaildirs = ["{tmp_path}/Maildir"]\n')
    monkeypatch.setattr("tipd.log.setup", lambda *_args, **_more: None)
    return str(path)


def test_options_stand_before_or_after_the_verb(config: str, capsys) -> None:
    assert cli.main(["--json", "--config", config, "enroll", "--peer", "a"]) == 0
    assert cli.main(["enroll", "--peer", "b", "--view", "urls", "--json", "--config", config]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["peer"], each["view"]) for each in told] == [("a", "redacted"), ("b", "urls")]
    assert told[0]["public_key"] == told[1]["public_key"]


def test_errors_are_one_sentence_and_an_exit_code(config: str, capsys) -> None:
    assert cli.main(["--config", "/nowhere/agent.toml", "check"]) == 78
    assert cli.main(["--config", config, "peers", "show", "nobody"]) == 1
    assert cli.main(["--config", config, "withdraw", "xyz", "--reason", "x"]) == 2
    assert cli.main(["--config", config, "enroll", "--peer", "a", "--view", "nix"]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 4
    assert all(line.startswith("tipd-agent: ") for line in err)


def test_words_that_are_not_known_are_usage(capsys) -> None:
    for words in (
        ["fly"],
        ["enroll"],
        ["peers"],
        ["enroll", "--peer", "a", "--certificate", "x", "--certificate-name", "y"],
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 2
    assert capsys.readouterr().err


def test_help_and_version_need_no_configuration(capsys) -> None:
    assert cli.main([]) == 0
    assert "enroll" in capsys.readouterr().out
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tipd-agent ")


def test_every_verb_has_its_function() -> None:
    from tipd.agent import verbs

    parser = cli.parser()
    for inner in cli._below(parser):
        does = inner.get_default("does")
        assert does is None or callable(getattr(verbs, does))


def test_an_interrupt_and_a_closed_pipe_end_quietly(config: str, monkeypatch, capsys) -> None:
    for error, code in ((KeyboardInterrupt(), 130), (BrokenPipeError(), 141)):

        def fail(_args: object, error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr(cli, "run", fail)
        monkeypatch.setattr(sys.stdout, "fileno", lambda: 1, raising=False)
        monkeypatch.setattr("os.dup2", lambda *_: None)
        assert cli.main(["--config", config, "check"]) == code
    assert capsys.readouterr().err == ""


def test_a_file_that_may_not_be_read_is_one_sentence(config: str, monkeypatch, capsys) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied", "/state/chains/redacted")

    monkeypatch.setattr(verbs, "versions", refused)
    assert cli.main(["versions", "--config", config]) == 69
    assert capsys.readouterr().err == "tipd-agent: /state/chains/redacted: Permission denied\n"


def test_the_agent_runs_as_whom_its_state_belongs_to(config: str, monkeypatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(verbs, "become_owner", done.append)
    monkeypatch.setattr(verbs.trio, "run", lambda *_: done.append("runs"))
    assert cli.main(["run", "--config", config]) == 0
    assert done == [settings.load(Path(config), {}).state_dir, "runs"]
