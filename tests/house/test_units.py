"""The systemd units say what the daemon does."""

import re

from house import tree

UNIT = "packaging/systemd/tipd.service"


def settings(name: str) -> dict[str, list[str]]:
    """Return key → values of a unit, sections apart."""
    found: dict[str, list[str]] = {}
    for line in tree.text(name).splitlines():
        if match := re.match(r"([A-Za-z]+)=(.*)$", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def test_the_configuration_is_checked_before_the_start() -> None:
    unit = settings(UNIT)
    program = unit["ExecStart"][0].removesuffix(" run")
    assert unit["ExecStartPre"] == [f"{program} check"]
    assert program.endswith("/.venv/bin/tipd")


def test_readiness_reload_and_watchdog_are_told() -> None:
    unit = settings(UNIT)
    assert unit["Type"] == ["notify", "notify-reload"]  # an old systemd keeps the first, a new one the last
    assert int(unit["WatchdogSec"][0]) >= 30


def test_usage_and_configuration_errors_are_not_tried_again() -> None:
    from tipd import errors

    codes = {int(code) for code in settings(UNIT)["RestartPreventExitStatus"][0].split()}
    assert codes == {errors.EXIT_USAGE, errors.EXIT_CONFIG}


def test_the_daemon_stops_its_own_children() -> None:
    unit = settings(UNIT)
    assert unit["KillMode"] == ["mixed"]
    assert unit["OOMPolicy"] == ["continue"]
    assert int(unit["TimeoutStopSec"][0]) > 10  # the promise is 10 s


def test_it_has_no_rights_it_does_not_need() -> None:
    unit = settings(UNIT)
    assert unit["User"] == ["tipd"]
    assert unit["CapabilityBoundingSet"] == [""]
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces", "ProtectClock"):
        assert unit[key] == ["yes"], key
    assert unit["ProtectSystem"] == ["strict"]
    # worker processes set their own limits: without @resources they could not
    assert unit["SystemCallFilter"] == ["@system-service"]


def test_the_agent_reads_maildirs_and_writes_none() -> None:
    unit = settings("packaging/systemd/tipd-agent.service")
    assert unit["User"] == ["tipd-agent"]
    assert unit["ProtectHome"] == ["read-only"]
    assert unit["ProtectSystem"] == ["strict"]
    assert "ReadWritePaths" not in unit
    assert unit["CapabilityBoundingSet"] == [""]
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "RestrictNamespaces", "ProtectClock"):
        assert unit[key] == ["yes"], key
    assert unit["SystemCallFilter"] == ["@system-service"]  # @resources is in it: its readers limit themselves
    assert int(unit["Nice"][0]) > 0
    program = unit["ExecStart"][0].removesuffix(" run")
    assert unit["ExecStartPre"] == [f"{program} check"]
    assert int(unit["WatchdogSec"][0]) >= 30


def test_the_agent_s_folders_are_its_own_alone() -> None:
    from tipd.agent.settings import default_state_dir

    unit = settings("packaging/systemd/tipd-agent.service")
    assert unit["StateDirectory"] == unit["CacheDirectory"] == ["tipd-agent"]
    assert unit["StateDirectoryMode"] == unit["CacheDirectoryMode"] == ["0700"]
    assert str(default_state_dir({"STATE_DIRECTORY": "/var/lib/tipd-agent"})) == "/var/lib/tipd-agent"
    assert re.search(r"^u tipd-agent ", tree.text("packaging/systemd/tipd-agent.sysusers"), re.MULTILINE)


def test_the_socket_listens_where_the_default_does() -> None:
    from tipd.api.settings import ApiSettings

    assert settings("packaging/systemd/tipd.socket")["ListenStream"] == [ApiSettings().listen]


def test_the_user_is_made_by_sysusers() -> None:
    assert re.search(r"^u tipd ", tree.text("packaging/systemd/tipd.sysusers"), re.MULTILINE)
