"""The agent's file: what it may say, and in which words it is refused."""

from pathlib import Path

import pytest

from tipd.agent.settings import AgentSettings, MaildirSettings, default_state_dir, load
from tipd.errors import ConfigError


def write(tmp_path, text: str) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    return path


def test_the_example_of_the_blueprint(tmp_path):
    path = write(
        tmp_path,
        """
state_dir = "/var/lib/tipd-agent"
[agent]
name = "mx1"
listen = "127.0.0.1:8472"
maildirs = ["/home/trap/Maildir"]
trap_domains = ["trap.example.org"]
seal_after = "5m"
""",
    )
    config = load(path, {})
    assert (config.name, config.state_dir, config.path) == ("mx1", Path("/var/lib/tipd-agent"), path)
    assert config.agent.folders == (MaildirSettings(path="/home/trap/Maildir"),)
    assert config.agent.seconds("seal_after") == 300
    assert set(config.views) == {"urls", "redacted", "full"}


def test_maildirs_as_tables_networks_and_views(tmp_path):
    path = write(
        tmp_path,
        """
[agent]
own_networks = ["192.0.2.0/24"]
relays = ["198.51.100.7"]
views = ["late"]
[[agent.maildirs]]
path = "/home/*/Maildir"
trap = "recycled"
expire = "3d"
[views.late]
fields = ["sha256", "at"]
delay = "1d"
tlp = "red"
[views.urls]
licence = "CC0"
""",
    )
    config = load(path, {"TIPD_AGENT__LISTEN": "127.0.0.1:1"})
    assert config.agent.listen == "127.0.0.1:1"
    assert config.agent.folders[0].trap == "recycled"
    assert [str(network) for network in config.agent.own] == ["192.0.2.0/24", "198.51.100.7/32"]
    assert config.views["late"].delay == "1d"
    assert config.views["urls"].licence == "CC0"
    assert config.views["urls"].fields  # what the file does not say stays as shipped
    assert config.name  # the host's


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[agent]\nmaildir = 1\n", r"agent.toml:2: agent.maildir: unknown key \(did you mean 'maildirs'"),
        ("[agent]\nviews = ['redactd']\n", "agent.views: there is no view 'redactd' .did you mean 'redacted'"),
        ("[agent]\nseal_after = 'soon'\n", "agent.toml:2: agent.seal_after: not a duration"),
        ("[agent]\nseal_after = '0s'\n", "agent.seal_after: must be longer than nothing"),
        ("[agent]\nmaildirs = ['Maildir']\n", "agent.maildirs: must be absolute"),
        ("[agent]\nmemory = '1MB'\n", "agent.memory: must be at least 64MB"),
        ("[agent]\nname = 'a b'\n", "agent.name: cannot be 'a b'"),
        ("[agent]\nrelays = ['mx1']\n", "agent.relays: 'mx1' does not appear to be"),
        ("[[agent.maildirs]]\npath = '/m'\nexpire = '1s'\n", "expire must be at least 1m"),
        ("[[agent.maildirs]]\npath = '/m'\ntrap = 'old'\n", "trap"),
        ("[agent]\n[views.late]\ndelay = 'x'\n", "agent.toml:2: views.late: delay: not a duration"),
        ("[agent]\n[views.late]\ntlp = 'x'\n", "views.late: "),
        ("[agent]\n[views.late]\nonwards = true\n", "views.late: .*onwards"),
        ("[agent]\n[views.'a/b']\n", "cannot be called so"),
        ("[agent]\n[views.late]\nfields = ['subjct']\n", "toml:2: views.late: fields name 'subjct', .*mean 'subject'"),
        (
            "[agent]\ntrap_domains = ['@trap.example']\n",
            "agent.toml:2: agent.trap_domains: cannot hold '@trap.example'",
        ),
        ("[agent]\ntrap_domains = ['trap..example']\n", "agent.trap_domains: cannot hold"),
        ("[agent]\ntrap_domains = ['*.trap.example']\n", "agent.trap_domains: cannot hold"),
        ("views = 1\n", "views: is not a table"),
        ("[api]\n", "api: unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said):
        load(write(tmp_path, text), {})


def test_where_it_looks(tmp_path):
    path = write(tmp_path, "[agent]\nname = 'mx2'\n")
    assert load(None, {"TIPD_AGENT_CONFIG": str(path)}).name == "mx2"
    home = tmp_path / "home" / "tipd"
    home.mkdir(parents=True)
    (home / "agent.toml").write_text("[agent]\nname = 'mx3'\n")
    assert load(None, {"XDG_CONFIG_HOME": str(tmp_path / "home")}).name == "mx3"
    with pytest.raises(ConfigError, match="no such"):
        load(tmp_path / "none.toml", {})


def test_where_the_state_is(tmp_path):
    path = write(tmp_path, "")
    assert load(path, {"STATE_DIRECTORY": "/a:/b"}).state_dir == Path("/a")
    assert load(path, {"TIPD_STATE_DIR": "/c"}).state_dir == Path("/c")
    assert default_state_dir({}).name == "tipd-agent"


def test_the_defaults_work():
    assert AgentSettings().seal_records == 5000
