"""The demo's daemon: its own, on a port that is free."""

import socket
import subprocess
import sys

import pytest

from demo import daemon
from tipd.errors import Unavailable


def test_a_port_that_is_taken_gives_way_to_a_free_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert daemon.free_port(taken) not in {0, taken}
    assert daemon.free_port(taken) == taken


async def test_readiness_is_asked_of_the_daemon_that_was_started(tmp_path):
    (tmp_path / "state").mkdir()
    config = daemon.write_config(tmp_path, 8470, "http://127.0.0.1:1")  # whoever answers there does not count
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:  # noqa: ASYNC220
        assert not await daemon.ready(ended, config)
    with pytest.raises(Unavailable):
        await daemon.ask(config, "/readyz")
