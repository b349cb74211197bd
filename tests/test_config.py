"""Finding, loading and checking the configuration."""

import contextlib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd import config
from tipd.errors import ConfigError


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    listen: str = "127.0.0.1:8470"
    port: int = 1
    names: tuple[str, ...] = ()


class Blacklist(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    every: str = "1h"
    enabled: bool = True


SECTIONS = {"api": Api, "modules.blacklist": Blacklist}


@pytest.fixture
def write(tmp_path):
    def put(text):
        path = tmp_path / "tipd.toml"
        path.write_text(text)
        return path

    return put


def fault_of(path, environ=None):
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ or {}, SECTIONS)
    return str(caught.value)


def test_without_a_file_the_defaults_work(tmp_path):
    loaded = config.load(None, {"HOME": str(tmp_path)}, SECTIONS)
    assert loaded.section("api", Api) == Api()
    assert loaded.path is None


def test_keys_are_read(write):
    loaded = config.load(write('state_dir="/x"\n[api]\nport = 7\n[modules.blacklist]\nevery="2h"\n'), {}, SECTIONS)
    assert (loaded.section("api", Api).port, loaded.section("modules.blacklist", Blacklist).every) == (7, "2h")
    assert loaded.state_dir == Path("/x")


def test_the_order_of_places(tmp_path):
    xdg = tmp_path / "tipd" / "tipd.toml"
    xdg.parent.mkdir()
    xdg.write_text("")
    named = tmp_path / "named.toml"
    named.write_text("")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert config.find(None, environ) == xdg
    assert config.find(None, environ | {"TIPD_CONFIG": str(named)}) == named
    assert config.find(xdg, environ | {"TIPD_CONFIG": str(named)}) == xdg


def test_a_named_file_must_exist(tmp_path):
    assert "no such configuration file" in fault_of(tmp_path / "gone.toml")


def test_an_unknown_key_names_file_line_and_nearest(write):
    path = write("[api]\nport = 7\nlisen = 'x'\n")
    assert fault_of(path) == f"{path}:3: api.lisen: unknown key (did you mean 'listen'?)"


def test_unknown_sections_and_modules_are_told_together(write):
    path = write("[appi]\n[modules.blacklists]\nevery='1h'\n")
    assert fault_of(path).splitlines() == [
        f"{path}:1: appi: unknown key (did you mean 'api'?)",
        f"{path}:2: modules.blacklists: unknown key (did you mean 'blacklist'?)",
    ]


def test_a_wrong_type_names_the_line(write):
    path = write("[api]\n\nport = 'seven'\n")
    assert fault_of(path) == f"{path}:3: api.port: Expected `int`, got `str`"


def test_toml_that_does_not_parse_names_the_line(write):
    assert "line 2" in fault_of(write("[api]\nport = = 3\n"))


def test_bytes_that_are_no_utf8(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"[api]\n\xff")
    assert "not UTF-8 at byte 6" in fault_of(path)


def test_the_environment_overrides(write):
    environ = {"TIPD_API__LISTEN": "[::1]:9", "TIPD_API__PORT": "9", "TIPD_MODULES__BLACKLIST__ENABLED": "false"}
    environ |= {"TIPD_API__NAMES": '["a"]', "TIPD_STATE_DIR": "/y", "TIPD_CONFIG": str(write("[api]\nport=1\n"))}
    loaded = config.load(None, environ, SECTIONS)
    assert loaded.section("api", Api) == Api(listen="[::1]:9", port=9, names=("a",))
    assert loaded.section("modules.blacklist", Blacklist).enabled is False
    assert loaded.state_dir == Path("/y")


def test_a_wrong_override_names_the_variable(write):
    assert fault_of(write(""), {"TIPD_API__PORT": "x"}).startswith("TIPD_API__PORT: api.port: ")


def test_a_section_that_is_no_table(write):
    assert "api: is not a table" in fault_of(write("api = 3\n"))


def test_a_section_is_asked_by_its_type(write):
    with pytest.raises(TypeError):
        config.load(write(""), {}, SECTIONS).section("api", Blacklist)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("12h", 43200), ("400d", 400 * 86400), ("2w", 1209600), ("100ms", 0.1)],
)
def test_durations(text, seconds):
    assert config.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "h", "5 parsecs", "-5m", "9999999999999w"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match=r"duration|long"):
        config.duration(text)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_value_error(text):
    with contextlib.suppress(ValueError):
        assert config.duration(text) >= timedelta(0)


@pytest.mark.parametrize(("text", "count"), [("64MB", 64 * 2**20), ("1g", 2**30), ("4096", 4096), (17, 17)])
def test_sizes(text, count):
    assert config.size(text) == count


def test_what_is_no_size():
    with pytest.raises(ValueError, match="size"):
        config.size("a lot")


def test_the_state_folder_of_systemd_and_of_a_user(monkeypatch):
    assert config.default_state_dir({"STATE_DIRECTORY": "/a:/b"}) == Path("/a")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert config.default_state_dir({"HOME": "/h"}) == Path("/h/.local/state/tipd")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert config.default_state_dir({}) == Path("/var/lib/tipd")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[store]\nmin_free = 'x'\n", r":2: store\.min_free: not a size"),
        ("[store]\n\nstop_deadline = 'soon'\n", r":3: store\.stop_deadline: not a duration"),
        ("[store]\nshared_buffers = '1kB'\n", r":2: store\.shared_buffers: must be at least 1MB"),
        ("\n[store\n", r":2: Expected"),
    ],
)
def test_what_a_section_checks_by_itself_names_key_and_line_too(tmp_path, text, words):
    from tipd.store.settings import StoreSettings

    path = tmp_path / "tipd.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        config.load(path, {}, {"store": StoreSettings})
