"""The API as a part of the house: what is said about it, and where."""

import io
from types import SimpleNamespace

import pytest

from tipd.api.sessions import Sessions
from tipd.daemon import outside as room
from tipd.daemon.outside import Outside


class Terminal(io.StringIO):
    """A stream somebody looks at, or not."""

    def __init__(self, *, looked_at):
        super().__init__()
        self.looked_at = looked_at

    def isatty(self):
        return self.looked_at


@pytest.fixture
def part():
    made = Outside.__new__(Outside)
    made._services = SimpleNamespace(settings=SimpleNamespace(tls_cert_file=None), sessions=Sessions())
    return made


async def test_the_link_into_the_console_goes_to_a_terminal(part, monkeypatch):
    out = Terminal(looked_at=True)
    monkeypatch.setattr(room.sys, "stderr", out)
    part._print_link(["unix:/run/tipd.sock", "127.0.0.1:8470"])
    assert out.getvalue().startswith("console: http://127.0.0.1:8470/login?code=")


def test_no_file_ever_holds_the_link(part, monkeypatch):
    out = Terminal(looked_at=False)
    monkeypatch.setattr(room.sys, "stderr", out)
    part._print_link(["127.0.0.1:8470"])
    assert out.getvalue() == ""


def test_where_only_unix_sockets_listen_there_is_no_link(part, monkeypatch):
    out = Terminal(looked_at=True)
    monkeypatch.setattr(room.sys, "stderr", out)
    part._print_link(["unix:/run/tipd.sock"])
    assert out.getvalue() == ""
