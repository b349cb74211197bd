"""`python -m tipd.agent`."""

import subprocess
import sys

from tipd.agent import __main__ as program


def test_it_is_the_command_line(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["tipd-agent", "--version"])
    assert program.main() == 0
    assert capsys.readouterr().out.startswith("tipd-agent ")


def test_little_is_imported_for_help() -> None:
    code = "import sys; from tipd.agent.cli import main; main([]); print('trio' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"
