import json
import os
import signal
from pathlib import Path
from typing import Any

import trio

from tipd.cli import stream


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


class _Stopped:
    """A reader that is ended by systemd right after its first message."""

    def __init__(self, place: Any, wanted: Any, cursor: Any, *_rest: Any) -> None:
        self.cursor = cursor

    async def run(self) -> None:
        self.cursor.since = 7
        os.kill(os.getpid(), signal.SIGTERM)
        await trio.sleep_forever()


def test_a_watch_that_is_ended_by_sigterm_keeps_its_cursor(tipd: Any, fake: Any, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "cursor"
    fake.answers["GET", "/api/v1/findings"] = 200, {"findings": [], "last": 9, "more": False, "store_id": "new"}
    monkeypatch.setattr(stream, "Reader", _Stopped)
    assert tipd("watch", "--cursor-file", str(path)).code == 0
    assert json.loads(path.read_text()) == {"since": 7, "store_id": "new"}
