from pathlib import Path

import pytest

from tipd.cli.cursor import Cursor
from tipd.errors import ConfigError


def test_a_cursor_file(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    cursor = Cursor.read(path)
    assert (cursor.since, cursor.store_id) == (None, None)
    cursor.keep()
    assert not path.exists()
    cursor.since, cursor.store_id = 7, "s"
    cursor.keep()
    assert Cursor.read(path) == cursor
    assert [entry.name for entry in tmp_path.iterdir()] == ["cursor"]
    for text in ("", "[]", "{}", '{"since": "x"}', '{"since": null}'):
        path.write_text(text)
        with pytest.raises(ConfigError, match="remove it"):
            Cursor.read(path)
    with pytest.raises(ConfigError, match="No such file"):
        Cursor(1, "s", tmp_path / "none" / "cursor").keep()
