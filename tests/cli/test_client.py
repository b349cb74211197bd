import argparse
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tipd.cli.client import Client, Place, Refused, open_control, place_of
from tipd.errors import ConfigError, Unavailable, UsageError


def args_of(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**({"config": None, "url": None, "token_file": None} | given))


def test_the_socket_stands_in_the_state_dir_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "tipd.toml"
    file.write_text(f'state_dir = "{tmp_path}/state"\nnonsense = 1\n')
    assert place_of(args_of(config=file), {}).socket_path == tmp_path / "state" / "tipd.sock"
    assert place_of(args_of(config=file), {"TIPD_STATE_DIR": "/x"}).socket_path == Path("/x/tipd.sock")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://tipd.example.org", "https://tipd.example.org:443"),
        ("http://192.0.2.1:8470/", "http://192.0.2.1:8470"),
        ("http://[2001:db8::1]:8470/tipd/", "http://[2001:db8::1]:8470/tipd"),
        ("http://192.0.2.1", "http://192.0.2.1:80"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert place_of(args_of(url=url), {}).url == shown


@pytest.mark.parametrize(
    "url", ["tipd.example.org", "ftp://a", "https://", "http://a:99999", "http://u:p@a", "http://a/?q"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ConfigError, match="--url"):
        place_of(args_of(url=url), {})


@pytest.mark.parametrize("text", ["", "two words", "ü", "a\nb"])
def test_token_files_without_a_token(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(ConfigError, match="token"):
        place_of(args_of(url="https://a.example", token_file=tmp_path / "token"), {})
    with pytest.raises(ConfigError, match="No such file"):
        place_of(args_of(url="https://a.example", token_file=tmp_path / "none"), {})


def test_a_token_is_sent(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("tip_abc\n")
    place = place_of(args_of(url="https://a.example", token_file=tmp_path / "token"), {})
    assert Client(place)._headers(None)["Authorization"] == "Bearer tip_abc"


def test_answers(fake: Any) -> None:
    fake.answers["GET", "/a"] = 200, {"b": [1]}
    fake.answers["POST", "/c"] = lambda body: (201, body)
    fake.answers["DELETE", "/d"] = 204, None
    client = Client(Place(socket_path=fake.socket))
    assert client.get("/a", {"kind": ["x", "y z"], "since": 3, "none": None, "empty": []}) == {"b": [1]}
    assert client.post("/c", {"d": "é"}) == {"d": "é"}
    client.delete("/d")
    client.close()
    assert [(method, target) for method, target, _, _ in fake.asked] == [
        ("GET", "/a?kind=x&kind=y+z&since=3"),
        ("POST", "/c"),
        ("DELETE", "/d"),
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 2), (401, 78), (403, 78), (404, 1), (409, 75), (410, 1), (429, 75), (500, 69), (502, 69), (503, 75)],
)
def test_what_an_error_means_for_the_exit_code(fake: Any, status: int, code: int) -> None:
    fake.answers["GET", "/a"] = status, {"title": "T", "status": status, "detail": "because", "first": 3}
    client = Client(Place(socket_path=fake.socket))
    with pytest.raises(Refused, match="because") as refused:
        client.get("/a")
    client.close()
    assert refused.value.exit_code == code
    assert refused.value.members["first"] == 3


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_an_error_that_is_not_ours(fake: Any, body: bytes) -> None:
    fake.answers["GET", "/a"] = 500, body
    client = Client(Place(socket_path=fake.socket))
    with pytest.raises(Refused, match="the daemon answered 500"):
        client.get("/a")
    fake.answers["GET", "/a"] = 200, b"<html>"
    with pytest.raises(Unavailable, match="does not answer like tipd"):
        client.get("/a")
    client.close()


def test_a_connection_that_was_closed_meanwhile_is_made_anew(fake: Any) -> None:
    fake.answers["GET", "/a"] = 200, {}, {"Connection": "close"}
    client = Client(Place(socket_path=fake.socket))
    assert [client.get("/a"), client.get("/a")] == [{}, {}]
    client.close()


@pytest.mark.parametrize("path", ["/api/v1/flux/domains/", "/api/v1/sources//run"])
def test_an_empty_value_is_not_asked_of_all_there_are(fake: Any, path: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        Client(Place(socket_path=fake.socket)).get(path)
    assert fake.asked == []


def test_nobody_there(state_dir: Path) -> None:
    for path in (state_dir / "tipd.sock", state_dir / "no" / "tipd.sock"):
        with pytest.raises(Unavailable, match="start it with `tipd run`"):
            Client(Place(socket_path=path)).get("/a")


def test_a_socket_nobody_listens_on(fake: Any, state_dir: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(state_dir / "dead.sock"))
    with pytest.raises(Unavailable, match="start it with"):
        Client(Place(socket_path=state_dir / "dead.sock")).get("/a")


def test_a_path_too_long_for_a_socket_address(tmp_path: Path) -> None:
    import socket

    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    holder = os.open(folder, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{holder}/tipd.sock")
        server.listen()
        os.close(holder)
        assert stat.S_ISSOCK((folder / "tipd.sock").stat().st_mode)
        open_control(folder / "tipd.sock").close()


def test_who_refuses_before_all_was_sent_is_read(state_dir: Path) -> None:
    import socket
    import threading

    body = b'{"detail": "tipd is starting"}'
    answer = b"HTTP/1.1 503 X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)

    def refuse(server: socket.socket) -> None:
        one, _ = server.accept()
        with one:
            one.recv(1)
            one.sendall(answer)
            one.shutdown(socket.SHUT_RD)  # as good as gone for whoever sends

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(state_dir / "tipd.sock"))
        server.listen()
        refusing = threading.Thread(target=refuse, args=(server,))
        refusing.start()
        client = Client(Place(socket_path=state_dir / "tipd.sock"))
        with pytest.raises(Refused, match="tipd is starting") as refused:
            client.post("/a", b"x" * 5_000_000)
        client.close()
        refusing.join()
    assert refused.value.exit_code == 75
