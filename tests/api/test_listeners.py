"""Listening sockets; what is served on them, `test_server.py` asks."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tipd.api.listeners import open_listeners, short_path
from tipd.api.settings import ApiSettings
from tipd.errors import ConfigError, Unavailable


def test_all_or_none_are_open(tmp_path: Path) -> None:
    settings = ApiSettings(listen=["127.0.0.1:0", f"unix:{tmp_path}/none/api.sock"])
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(Unavailable, match=r"none/api\.sock"):
        open_listeners(settings, tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_accepted_sockets_inherit(tmp_path: Path) -> None:
    tcp, control = open_listeners(ApiSettings(listen="127.0.0.1:0"), tmp_path)
    with tcp.socket, control.socket, socket.create_connection(tcp.socket.getsockname()):
        tcp.socket.settimeout(5)
        accepted, _ = tcp.socket.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert (tcp.way, control.way) == ("tcp", "control")


def test_closing_twice_leaves_another_ones_socket_alone(tmp_path: Path) -> None:
    first = open_listeners(ApiSettings(listen="127.0.0.1:0"), tmp_path)
    for one in first:
        one.close()
    second = open_listeners(ApiSettings(listen="127.0.0.1:0"), tmp_path)
    for one in first:
        one.close()
    assert (tmp_path / "tipd.sock").exists()
    for one in second:
        one.close()


def test_a_datagram_socket_from_systemd_is_refused(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as wrong, pytest.raises(ConfigError, match="ListenStream"):
        open_listeners(ApiSettings(), tmp_path, [wrong])


def test_a_long_path_goes_by_its_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with short_path(deep / "s") as short, socket.socket(socket.AF_UNIX) as one:
        assert len(short) < 107
        one.bind(short)
    assert (deep / "s").is_socket()
