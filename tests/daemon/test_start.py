"""From the command line to an exit code."""

import pytest
import structlog
from structlog.testing import capture_logs

from tipd import daemon
from tipd.daemon import start
from tipd.errors import EXIT_CONFIG, EXIT_NEGATIVE, EXIT_UNAVAILABLE, ConfigError, SchemaError, Unavailable


@pytest.fixture(autouse=True)
def _restore():
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "tipd.toml"
    path.write_text(
        f'state_dir = "{tmp_path}/state"\n[api]\nlisten = "127.0.0.1:0"\n[store]\nurl_file = "{tmp_path}/none"\n'
    )
    return path


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([Unavailable("the port is in use")], EXIT_UNAVAILABLE),
        ([RuntimeError("a fault")], EXIT_NEGATIVE),
        ([RuntimeError("a fault"), SchemaError("too new")], EXIT_CONFIG),
    ],
)
def test_the_exit_code_is_that_of_the_first_cause_that_has_one(config, monkeypatch, errors, code):
    async def fall(_house):
        raise ExceptionGroup("fell", [ExceptionGroup("inner", errors)])

    monkeypatch.setattr(start.House, "run", fall)
    monkeypatch.setattr(start.log, "setup", lambda _level: None)
    with capture_logs() as lines:
        assert daemon.run(config) == code
    assert all(line["event"].startswith("tipd ends") for line in lines)


def test_a_house_that_stops_as_told_ends_well(config, monkeypatch):
    async def stop(_house):
        pass

    monkeypatch.setattr(start.House, "run", stop)
    assert daemon.run(config) == 0


def test_a_wrong_address_file_is_told_by_its_name(config):
    assert daemon.run(config) == EXIT_CONFIG


def test_a_state_folder_that_cannot_be_made_is_a_configuration_error(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "tipd.toml"
    path.write_text(f'state_dir = "{tmp_path}/file/state"\n')
    with pytest.raises(ConfigError, match="state_dir"):
        daemon.run(path)


def test_an_unknown_part_is_refused_before_anything_is_started(config):
    with pytest.raises(ConfigError, match="no such part"):
        daemon.run(config, ["blcklist"])
