"""`tipd agent` is the program of mail hosts."""

import json
from pathlib import Path

from tipd.cli.main import main, parser


def test_it_reads_the_agent_s_own_configuration(tmp_path: Path, capsys) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(f'state_dir = "{tmp_path}/state"\n[agent]\nname = "mx1"\n')
    assert main(["agent", "enroll", "--peer", "lab", "--json", "--config", str(config)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["peer"], told["agent"]) == ("lab", "mx1")
    assert main(["agent", "--config", str(tmp_path / "none.toml"), "check"]) == 78
    assert "none.toml" in capsys.readouterr().err


def test_the_verbs_are_those_of_the_program() -> None:
    from tipd.agent import cli

    words = ["agent", "push", "--to", "/media/stick", "--view", "urls", "--token-file", "/etc/t"]
    args = parser({"agent"}).parse_args(words)
    assert (args.does, args.view, str(args.token_file)) == ("push_versions", "urls", "/etc/t")
    assert cli.parser().parse_args(words[1:]).does == "push_versions"
