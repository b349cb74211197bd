import subprocess
import sys

import pytest

from tipd import __main__, __version__


def test_the_program_is_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tipd", "version"])
    assert __main__.main() == 0
    assert capsys.readouterr().out == f"tipd {__version__}\n"


def test_python_m_tipd_gives_its_exit_code() -> None:
    done = subprocess.run([sys.executable, "-m", "tipd", "nonsense"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
