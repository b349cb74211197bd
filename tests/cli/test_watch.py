import json
from pathlib import Path
from typing import Any


def test_watch_begins_at_the_cursor_of_its_file(tipd: Any, fake: Any, tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    fake.answers["GET", "/api/v1/findings"] = 200, {"findings": [], "last": 9, "more": False, "store_id": "new"}
    assert tipd("watch", "--cursor-file", str(path)).code == 1  # the fake's stream is a 404
    assert fake.asked[-1][1] == "/api/v1/stream?store_id=new"
    path.write_text('{"since": 5, "store_id": "new"}')
    tipd("watch", "--cursor-file", str(path), "--kind", "a.b")
    assert fake.asked[-2][1] == "/api/v1/findings?since=5&store_id=new&limit=1"
    assert fake.asked[-1][1] == "/api/v1/stream?kind=a.b&since=5&store_id=new"
    tipd("watch", "--cursor-file", str(path), "--since", "2")
    assert fake.asked[-1][1] == "/api/v1/stream?since=2&store_id=new"
    fake.answers["GET", "/api/v1/findings"] = 410, {"detail": "began anew", "store_id": "newer"}
    ran = tipd("watch", "--cursor-file", str(path))
    assert (ran.code, json.loads(path.read_text())["since"]) == (1, 2)
    assert "remove" in ran.err
