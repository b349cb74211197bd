"""SIGHUP: what is read again, and what stays when the file is wrong."""

from types import SimpleNamespace

import pytest
import structlog
from structlog.testing import capture_logs

from tipd.daemon.reload import Reload
from tipd.daemon.sections import load


class Notifier:
    """Keeps what systemd would hear."""

    def __init__(self):
        self.said = []

    async def reloading(self):
        self.said.append("RELOADING")

    async def ready(self, status):
        self.said.append("READY")


class Scheduler:
    """Notes who was asked to run."""

    def __init__(self):
        self.asked = []

    def names(self):
        return ["blacklist"]

    def run_now(self, name, names=()):
        self.asked.append(name)


@pytest.fixture(autouse=True)
def _restore():
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def house(tmp_path):
    path = tmp_path / "tipd.toml"
    path.write_text('[log]\nlevel = "info"\n')
    return SimpleNamespace(config=load(path, {}), notifier=Notifier(), path=path)


async def test_nothing_happens_before_the_house_stands(house):
    reload = Reload(house)
    await reload.run()
    assert (house.notifier.said, reload.begun) == ([], False)


async def test_modules_run_again_so_that_a_new_declaration_is_seen(house):
    reload, scheduler = Reload(house), Scheduler()
    reload.begin(scheduler)
    await reload.run()
    assert house.notifier.said == ["RELOADING", "READY"]
    assert scheduler.asked == ["blacklist"]


async def test_what_needs_a_restart_is_named(house):
    reload = Reload(house)
    reload.begin(Scheduler())
    house.path.write_text('[log]\nlevel = "info"\n[findings]\nkeep = "10d"\n')
    with capture_logs() as lines:
        await reload.run()
    assert [line["sections"] for line in lines if "sections" in line] == [["findings"]]


async def test_a_faulty_file_is_told_and_the_old_one_stays(house):
    reload = Reload(house)
    reload.begin(Scheduler())
    house.path.write_text("[lgo]\n")
    with capture_logs() as lines:
        await reload.run()
    assert "did you mean 'log'" in next(line["why"] for line in lines if line["log_level"] == "error")
    assert house.notifier.said == ["RELOADING", "READY"]
