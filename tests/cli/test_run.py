import os
from pathlib import Path
from typing import Any

import pytest

from tipd import daemon


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def run(config: Path | None, only: list[str]) -> int:
        calls.append((config, only, os.environ.get("TIPD_LOG__LEVEL")))
        return 75

    monkeypatch.setattr(daemon, "run", run)
    monkeypatch.setenv("TIPD_LOG__LEVEL", "info")
    return calls


def test_run_hands_over_to_the_daemon(tipd: Any, started: list[tuple[Any, ...]]) -> None:
    assert tipd("run").code == 75
    assert tipd("run", "--only", "api", "--only", "a,b", "--config", "c.toml", "-v").code == 75
    assert tipd("-q", "run").code == 75
    assert started == [(None, [], "info"), (Path("c.toml"), ["api", "a", "b"], "debug"), (None, [], "warning")]
