"""The file that names a database, and what of it is shown."""

import pytest

from tipd.errors import ConfigError
from tipd.store.address import for_programs, read_url
from tipd.store.settings import StoreSettings


def test_a_url_file_may_have_comments(tmp_path):
    file = tmp_path / "dsn"
    file.write_text("# ours\n\n  postgresql://tipd:secret@db.example.org:5433/tipd?sslmode=require  \n")
    url = read_url(StoreSettings(url_file=str(file)))
    assert url == "postgresql://tipd:secret@db.example.org:5433/tipd?sslmode=require"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "mysql://secret@db.example.org/x",
        "postgresql:///tipd",
        "postgresql://a:secret@h:no/x",
        "postgresql://a@h/x\npostgresql://secret@h/x",
        "host=h password=secret",
    ],
)
def test_an_odd_url_file_is_named_and_its_content_is_not(tmp_path, text):
    file = tmp_path / "dsn"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_url(StoreSettings(url_file=str(file)))
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_or_binary_url_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_url(StoreSettings(url_file=str(tmp_path / "missing")))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not text"):
        read_url(StoreSettings(url_file=str(tmp_path / "binary")))


@pytest.mark.parametrize(
    ("dsn", "bare", "password"),
    [
        ("postgresql://u:p%40ss@h:5/d?sslmode=require", "postgresql://u@h:5/d?sslmode=require", "p@ss"),
        ("postgresql://u@/d?host=%2Frun%2Fx", "postgresql://u@/d?host=%2Frun%2Fx", None),
        ("postgresql://h/d?password=s&user=u", "postgresql://h/d?user=u", "s"),
    ],
)
def test_a_password_never_stands_on_a_command_line(dsn, bare, password, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "somebody else's")
    said, environ = for_programs(dsn)
    assert said == bare
    assert environ.get("PGPASSWORD") == password
