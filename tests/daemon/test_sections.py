"""The sections of the configuration and the parts of the daemon."""

import pytest

from tipd.daemon.sections import PARTS, SECTIONS, LogSettings, chosen_parts, load
from tipd.errors import ConfigError


def test_every_section_has_defaults_that_work(tmp_path):
    loaded = load(None, {"HOME": str(tmp_path)})
    assert set(loaded.sections) == set(SECTIONS)
    assert loaded.section("log", LogSettings).level == "info"


def test_an_unknown_level_is_refused(tmp_path):
    path = tmp_path / "tipd.toml"
    path.write_text('[log]\nlevel = "loud"\n')
    with pytest.raises(ConfigError, match=r"tipd\.toml:\d: log"):
        load(path, {})


def test_a_slow_step_is_a_duration(tmp_path):
    path = tmp_path / "tipd.toml"
    path.write_text('[log]\nslow_step = "10ms"\n')
    assert load(path, {}).section("log", LogSettings).slow_seconds() == 0.01
    path.write_text('[log]\nslow_step = "soon"\n')
    with pytest.raises(ConfigError, match="slow_step"):
        load(path, {})


def test_the_example_of_the_blueprint_that_concerns_us_loads(tmp_path):
    dsn = tmp_path / "dsn"
    dsn.write_text("postgresql://tipd@localhost/tipd")
    path = tmp_path / "tipd.toml"
    path.write_text(
        f"""state_dir = "/var/lib/tipd"
[store]
url_file = "{dsn}"
[api]
listen = "127.0.0.1:8470"
[net]
resolvers = ["127.0.0.1:53"]
allow_networks = []
[modules.blacklist]
every = "1h"
sources_dirs = ["/etc/tipd/sources.d"]
catalogue = true
[findings]
keep = "400d"
"""
    )
    assert str(load(path, {}).state_dir) == "/var/lib/tipd"


def test_all_parts_run_unless_some_are_named():
    assert chosen_parts(()) == frozenset(PARTS)
    assert chosen_parts(("api",)) == {"api"}
    with pytest.raises(ConfigError, match="did you mean 'blacklist'"):
        chosen_parts(("blacklists",))
