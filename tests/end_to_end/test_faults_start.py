"""What keeps it from starting is said in words that name it, with the exit code for whoever started it."""

import os
import socket
import subprocess

import pytest
from support import pg
from support.daemon import Daemon
from support.feeds import FeedServer
from support.processes import postmaster

LIST = 'url = "{base}/{name}.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'


def with_lines(daemon: Daemon, lines: str) -> None:
    """Put lines before everything else in the configuration."""
    daemon.config.write_text(lines + daemon.config.read_text())


def test_a_second_daemon_on_one_state_directory(make_daemon):
    first = make_daemon(managed=True).start()
    second = make_daemon(managed=True)
    second.config.write_text(second.config.read_text().replace(str(second.state), str(first.state)))
    code, said = second.run_to_its_end()
    assert code == 75
    assert f"{first.state} is in use by another tipd (process {first.process.pid})" in said
    assert "Traceback" not in said
    assert first.status("/readyz") == 200
    assert postmaster(first)


def test_a_port_in_use(make_daemon):
    daemon = make_daemon()
    with socket.create_server(("127.0.0.1", daemon.port)):
        code, said = daemon.run_to_its_end()
    assert code == 69
    assert f"cannot listen on 127.0.0.1:{daemon.port}" in said
    assert "Address already in use" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("[api]\nlisten = 5\n", "listen"),
        ("[findings]\nkep = '3d'\n", "kep"),
        ("[modules.blacklst]\n", "blacklst"),
        ("[log]\nlevel = 'loud'\n", "level"),
        ("[findings]\nkeep = 'soon'\n", "keep"),
        ("[log\n", ":"),
        ("\xff", "UTF-8"),
    ],
)
def test_a_faulty_configuration_names_file_and_line(make_daemon, wrong, words):
    daemon = make_daemon()
    rest = "" if wrong.startswith("[api]") else f'[api]\nlisten = "127.0.0.1:{daemon.port}"\n'
    text = f'state_dir = "{daemon.state}"\n\n{rest}'
    line = text.count("\n") + (2 if "\n" in wrong.strip() else 1)
    daemon.config.write_bytes((text + wrong).encode("latin-1"))
    code, said = daemon.run_to_its_end()
    assert code == 78
    assert words in said
    assert str(daemon.config) in said
    if wrong != "\xff":
        assert f"{daemon.config}:{line}" in said
    assert "Traceback" not in said
    assert daemon.tipd("check", check=False).returncode == 78
    assert not daemon.state.exists()


def test_a_section_of_the_environment_is_named_as_such(make_daemon):
    daemon = make_daemon()
    done = subprocess.run(
        daemon.command("run"),
        env=os.environ | {"TIPD_API__LISTN": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 78
    assert "TIPD_API__LISTN" in done.stderr


def test_a_source_file_that_is_wrong_stops_no_other(make_daemon):
    with FeedServer() as feeds:
        feeds.put("/good.txt", "192.0.2.1\n")
        sources = {
            "good": LIST.format(base=feeds.base, name="good"),
            "unknown_key": LIST.format(base=feeds.base, name="unknown_key") + 'kindd = "auto"\n',
            "broken_regex": f'url = "{feeds.base}/r"\nparser = "regex"\nkind = "ipv4"\n[options]\npattern = "(("\n',
        }
        daemon = make_daemon(sources=sources)
        (daemon.sources_dir / "no_toml.toml").write_text("name = \n")
        (daemon.sources_dir / "latin.toml").write_bytes(b"name = '\xe9'\n")
        daemon.start()
        daemon.wait_for(lambda: daemon.source("good")["state"] in {"ok", "unchanged"}, what="the good one")
        for name, words in (("unknown_key", "kindd"), ("broken_regex", "pattern")):
            row = daemon.wait_for(
                lambda name=name: next(
                    (row for row in daemon.get("/api/v1/sources")["sources"] if row["name"] == name), None
                ),
                what=name,
            )
            assert row["state"] == "misdeclared"
            assert words in row["error"]
            assert f"{name}.toml" in row["error"]
        shown = daemon.tipd("sources", "list", check=False)
        for words in ("good", "kindd", "pattern", "no_toml.toml", "latin.toml"):
            assert words in shown.stdout + shown.stderr
        assert feeds.count("/unknown_key.txt") == 0

        daemon.declare("unknown_key", LIST.format(base=feeds.base, name="good"))
        daemon.process.send_signal(1)
        daemon.wait_for(lambda: daemon.source("unknown_key")["state"] in {"ok", "unchanged"}, 60, "the mended one")


def test_a_database_that_is_newer_is_refused(make_daemon, pg_server, empty_dsn):
    daemon = make_daemon(dsn=empty_dsn).start()
    assert daemon.stop() == 0
    name = empty_dsn.partition("?")[0].rpartition("/")[2]
    table = pg_server.psql(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'checksum' OR column_name = 'sha256'",
        database=name,
    ).split()
    migrations = next(each for each in table if each.startswith(("migration", "schema")))
    columns = pg_server.psql(
        f"SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns"
        f" WHERE table_name = '{migrations}'",
        database=name,
    ).split(",")
    first = columns[0]
    values = ", ".join("9999" if each == first else each for each in columns)
    pg_server.psql(f"INSERT INTO {migrations} SELECT {values} FROM {migrations} LIMIT 1", database=name)
    code, said = daemon.run_to_its_end()
    assert code == 78
    assert "newer" in said
    assert "Traceback" not in said


def test_a_server_that_may_lose_what_it_acknowledged_is_refused(make_daemon):
    server = pg.make_server(fsync="off")
    try:
        daemon = make_daemon(dsn=server.dsn(server.create()))
        code, said = daemon.run_to_its_end()
        assert code == 78
        assert "fsync" in said
        assert "allow_unsafe" in said
        daemon.config.write_text(daemon.config.read_text().replace("[store]\n", "[store]\nallow_unsafe = true\n"))
        daemon.start()
        assert daemon.said("accepted by allow_unsafe")
        assert daemon.stop() == 0
    finally:
        pg.remove_server(server)


def test_a_database_address_that_is_none(make_daemon):
    daemon = make_daemon(dsn="mysql://x")
    code, said = daemon.run_to_its_end()
    assert code == 78
    assert str(daemon.folder / "dsn") in said
