"""Amber and red values sought through every door with a green token: none.

Two sources are marked as a whole, one is clear and marks single rows. Every value that is above green, every name of a
source that is, is looked for in whatever any door answers. Where a door is asked for such a value it must answer as it
answers for a value that nobody ever listed. The doors are those of the program itself, so a new one is covered.
"""

import gzip
import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer
from support.subscriber import open_stream
from websockets.exceptions import ConnectionClosed

from tipd.api.app import ROUTES
from tipd.api.openapi import openapi_path
from tipd.exports.formats import FORMATS
from tipd.model.canonical import canonical

COMMON = 'url = "{base}/{name}.csv"\nparser = "delimited"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
SOURCES = {
    "open_list": COMMON + 'tlp = "clear"\nredistribute = true\n[options]\ncolumn = 0\n[fields]\ntlp = 1\nmalware = 2\n',
    "partner_hush": COMMON + 'tlp = "amber"\nredistribute = true\n[options]\ncolumn = 0\n',
    "partner_silent": COMMON + 'tlp = "red"\n[options]\ncolumn = 0\n',
}
HIDDEN_SOURCES = ("partner_hush", "partner_silent")
SHOWN = ["192.0.2.1", "192.0.2.128/25", "shown.example.org", "http://shown.example.net/x", "someone@shown.example.org"]
# By kind: hidden as a row (amber, red), hidden by source (amber, red); and what nobody ever listed.
HIDDEN = {
    "amber row": ["203.0.113.11", "198.51.100.32/28", "amber-row.example.org", "http://page.example.com/amber-row"],
    "red row": ["203.0.113.12", "2001:db8:1::/48", "red-row.example.org", "redrow@example.org", "a1" * 16],
    "amber source": ["203.0.113.13", "198.51.100.64/28", "amber-source.example.org", "b2" * 20, "2001:db8::beef"],
    "red source": ["203.0.113.14", "198.51.100.96/28", "red-source.example.org", "c3" * 32, "AS64511"],
}
SECRETS = [value for values in HIDDEN.values() for value in values]
# What only a listed network or name around it would betray.
INSIDE = {
    "198.51.100.33": "198.51.100.200",
    "2001:db8:1::5": "2001:db8:2::5",
    "www.red-row.example.org": "www.never.example.org",
    "http://amber-source.example.org/x": "http://never.example.org/x",
}
NEVER = {
    "ipv4": "203.0.113.200",
    "ipv6": "2001:db8::dead",
    "network": "198.51.100.208/28",
    "domain": "never.example.org",
    "url": "http://page.example.com/never",
    "email": "never@example.org",
    "md5": "d4" * 16,
    "sha1": "d4" * 20,
    "sha256": "d4" * 32,
    "asn": "AS64510",
}
MALWARE = "hushhushbot"  # beside the hidden rows
TIMES = re.compile(rb"\d{4}-\d\d-\d\d[T ][0-9:.]+Z?|\d+ (?:seconds|minutes) ago")


def never(secret: str) -> str:
    """Return a value of the same kind that nobody ever listed."""
    return INSIDE.get(secret) or NEVER[canonical(secret).kind]


@pytest.fixture(scope="module")
def betrayals() -> list[bytes]:
    """Everything that no answer to a green token may hold."""
    return [text.encode() for text in (*SECRETS, *HIDDEN_SOURCES, MALWARE)]


@pytest.fixture
def daemon(make_daemon: Callable[..., Daemon]) -> Iterator[Daemon]:
    with FeedServer() as feeds:
        rows = [f"{value},," for value in SHOWN]
        rows += [f"{value},TLP:AMBER,{MALWARE}" for value in HIDDEN["amber row"]]
        rows += [f"{value},tlp:red,{MALWARE}" for value in HIDDEN["red row"]]
        feeds.put("/open_list.csv", "\n".join(rows) + "\n")
        feeds.put("/partner_hush.csv", "\n".join(HIDDEN["amber source"]) + "\n")
        feeds.put("/partner_silent.csv", "\n".join(HIDDEN["red source"]) + "\n")
        sources = {name: text.format(base=feeds.base, name=name) for name, text in SOURCES.items()}
        running = make_daemon(sources=sources).start()
        wanted = {
            "open_list": len(SHOWN) + len(HIDDEN["amber row"]) + len(HIDDEN["red row"]),
            "partner_hush": len(HIDDEN["amber source"]),
            "partner_silent": len(HIDDEN["red source"]),
        }
        for name, entries in wanted.items():
            running.wait_for(lambda name=name, entries=entries: running.source(name)["entries"] == entries, what=name)
        all_listed = {"values": SECRETS}
        running.wait_for(
            lambda: all(one["listed"] for one in running.post("/api/v1/lookup", all_listed)["results"]),
            what="the look-up index to know all of it",
        )
        yield running


class Answer(NamedTuple):
    """What a door answered; `whole` is its body and its head."""

    status: int
    body: bytes
    head: bytes

    @property
    def whole(self) -> bytes:
        return self.body + b"\n" + self.head


class Caller:
    """Asks with a token, or with a console's cookie."""

    def __init__(self, daemon: Daemon, max_tlp: str) -> None:
        scopes = [word for scope in ("read", "stream", "write", "agents", "admin") for word in ("--scope", scope)]
        made = daemon.tipd("--json", "token", "create", "--max-tlp", max_tlp, *scopes)
        self.token = json.loads(made.stdout)["token"]
        self._base = daemon.base
        link = json.loads(self.ask("POST", "/api/v1/console-links").body)["path"]
        with urllib.request.urlopen(self._base + link, timeout=30) as answer:
            self._cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def ask(self, method: str, path: str, body: Any = None, *, page: bool = False) -> Answer:
        """Return what a door answers."""
        headers = {"Cookie": self._cookie} if page else {"Authorization": f"Bearer {self.token}"}
        if page:
            headers["Origin"] = self._base
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.read(), str(answer.headers).encode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), str(error.headers).encode())


def paths(route: Any, daemon: Daemon) -> Iterator[str]:
    """Yield addresses of a route that names no hidden value itself."""
    filled = {
        "{name}": ["open_list"],
        "{value}": [quote(value, safe="") for value in SHOWN],
        "{file}": [f"{name}.{form}" for name in ("all", "public") for form in FORMATS],
        "{id}": [str(number) for number in range(1, 40)],
    }
    found = [openapi_path(route)]
    for part, texts in filled.items():
        found = [path.replace(part, text) for path in found for text in ([""] if part not in path else texts)]
    yield from (path for path in found if "{" not in path)
    queries = {"kind": sorted({canonical(one).kind.value for one in SECRETS}), "public": ["0", "1"]}
    queries |= {"of": ["source", "kind", "class", "asn"], "by": ["day", "week", "month"], "since": ["0"]}
    for name in route.query.__struct_fields__ if route.query is not None else ():
        for text in queries.get(name, ()):
            yield from (f"{path}?{name}={text}" for path in found if "{" not in path)


def test_no_door_tells_a_green_token_of_what_is_above_green(daemon: Daemon, betrayals: list[bytes]) -> None:
    green, red = Caller(daemon, "green"), Caller(daemon, "red")
    doors = [route for route in ROUTES if route.method == "GET" and route.path not in {"/api/v1/stream", "/logout"}]
    for route in doors:
        for path in paths(route, daemon):
            answer = green.ask("GET", path, page=route.page)
            for secret in betrayals:
                assert secret not in answer.whole, (path, secret, answer)
    # The hunt could find something: with a red token the same doors are full of it.
    told = b"".join(red.ask("GET", path).body for path in ("/api/v1/findings?limit=1000", "/api/v1/exports/all.csv"))
    told += red.ask("GET", "/metrics").body + red.ask("GET", "/api/v1/sources").body
    told += red.ask("GET", "/sources", page=True).body
    assert [secret for secret in betrayals if secret not in told and secret != MALWARE.encode()] == []


def test_who_asks_for_a_hidden_value_hears_what_is_said_of_any_other(daemon: Daemon) -> None:
    green = Caller(daemon, "green")
    asked = [route for route in ROUTES if route.method == "GET" and "<path:value>" in route.path]
    assert len(asked) >= 3
    for secret in (*SECRETS, *INSIDE):
        other = never(secret)
        for path, page in (
            *((openapi_path(route).replace("{value}", "{}"), False) for route in asked),
            ("/lookup?value={}", True),
            ("/api/v1/watches?value={}", False),
        ):
            same_answer(green, path, secret, other, page=page)
        body = {"values": [secret, {"value": secret, "at": "2030-01-01T00:00:00Z"}]}
        hidden = green.ask("POST", "/api/v1/lookup", body)
        free = green.ask("POST", "/api/v1/lookup", json.loads(json.dumps(body).replace(secret, other)))
        assert plain(hidden.whole, secret) == plain(free.whole, other), secret
    answer = green.ask("POST", "/api/v1/lookup", {"values": SECRETS})
    for one in json.loads(answer.body)["results"]:
        assert not (one["listed"] or one["confidence"] or one["sources"] or one["matches"])


def same_answer(green: Caller, path: str, secret: str, other: str, *, page: bool = False) -> None:
    hidden = green.ask("GET", path.format(quote(secret, safe="")), page=page)
    free = green.ask("GET", path.format(quote(other, safe="")), page=page)
    assert hidden.status == free.status, (path, secret, hidden)
    assert plain(hidden.whole, secret) == plain(free.whole, other), (path, secret)


def plain(answer: bytes, asked: str) -> bytes:
    """Return an answer without what was asked, times, and what its length says."""
    for text in (asked, quote(asked, safe="")):
        answer = answer.replace(text.encode(), b"ASKED")
    return re.sub(rb"(?im)^(content-length|date|etag):.*$", b"", TIMES.sub(b"AT", answer))


@pytest.mark.parametrize("name", HIDDEN_SOURCES)
def test_a_hidden_source_is_as_one_that_is_not_there(daemon: Daemon, name: str) -> None:
    green = Caller(daemon, "green")
    other = "never_declared"
    for route in ROUTES:
        if "<name>" not in route.path or "sources" not in route.path or route.path.endswith("/switched"):
            continue
        body = {} if route.body is not None else None
        answers = [
            green.ask(route.method, openapi_path(route).replace("{name}", each), body, page=route.page)
            for each in (name, other)
        ]
        assert answers[0].status == answers[1].status, route.path
        assert plain(answers[0].whole, name) == plain(answers[1].whole, other), route.path
    for path in ("/api/v1/exports/all.txt?source={}", "/api/v1/trends?source={}", "/trends?source={}"):
        page = path.startswith("/trends")
        hidden, free = (green.ask("GET", path.format(each), page=page) for each in (name, other))
        assert hidden.status == free.status, path
        assert plain(hidden.whole, name) == plain(free.whole, other), path


def test_the_stream_tells_a_green_token_nothing_of_it(daemon: Daemon, betrayals: list[bytes]) -> None:
    green, red = Caller(daemon, "green"), Caller(daemon, "red")
    last = daemon.last_seq()
    for query in (
        "?since=0",
        "?since=0&kind=indicator.listed,indicator.delisted,indicator.marked",
        "?since=0&initial=true",
    ):
        heard = stream_until(daemon, query, green.token, last)
        assert SHOWN[0].encode() in heard
        for secret in betrayals:
            assert secret not in heard, (query, secret)
    heard = stream_until(daemon, "?since=0", red.token, last)
    assert all(value.encode() in heard for value in SECRETS)


def stream_until(daemon: Daemon, query: str, token: str, last: int) -> bytes:
    heard = b""
    with open_stream(daemon, query, token) as stream:
        while True:
            try:
                message = stream.recv(timeout=20)
            except (TimeoutError, ConnectionClosed) as error:
                raise AssertionError(f"{query} ended before {last}: {heard[-500:]!r}") from error
            heard += message if isinstance(message, bytes) else message.encode()
            if json.loads(message)["last"] >= last:
                return heard


def test_exports_count_and_hold_only_what_may_be_seen(daemon: Daemon) -> None:
    green, amber, red = (Caller(daemon, mark) for mark in ("green", "amber", "red"))
    for caller, hidden in (
        (green, []),
        (amber, HIDDEN["amber row"] + HIDDEN["amber source"]),
        (red, SECRETS),
    ):
        values = {*caller.ask("GET", "/api/v1/exports/all.txt").body.decode().splitlines()}
        assert {*SHOWN, *hidden} <= values
        assert not {*SECRETS} - {*hidden} & values
        lists = json.loads(caller.ask("GET", "/api/v1/exports").body)["lists"]
        assert lists[0]["entries"] == len(SHOWN) + len(hidden)
        public = caller.ask("GET", "/api/v1/exports/public.txt").body
        assert not any(secret.encode() in public for secret in (*SECRETS, *HIDDEN_SOURCES))
        assert SHOWN[0].encode() in public
    request = urllib.request.Request(
        daemon.base + "/api/v1/exports/all.csv",
        headers={"Authorization": f"Bearer {green.token}", "Accept-Encoding": "gzip"},
    )
    with urllib.request.urlopen(request, timeout=30) as packed:
        assert not any(secret.encode() in gzip.decompress(packed.read()) for secret in SECRETS)


def test_allowing_a_hidden_value_betrays_nothing(daemon: Daemon, betrayals: list[bytes]) -> None:
    green = Caller(daemon, "green")
    for secret in (HIDDEN["red row"][0], HIDDEN["red source"][2]):
        daemon.tipd("allow", secret, "--reason", f"because of {MALWARE}")
        same_answer(green, "/api/v1/indicators/{}", secret, never(secret))
    for route in ROUTES:
        if route.method == "GET" and route.path != "/api/v1/stream":
            for path in paths(route, daemon):
                answer = green.ask("GET", path, page=route.page)
                assert not [secret for secret in betrayals if secret in answer.whole], path
    heard = stream_until(daemon, "?since=0", green.token, daemon.last_seq())
    assert not [secret for secret in betrayals if secret in heard]


def test_a_mark_that_is_raised_hides_at_once_what_was_shown_before(daemon: Daemon) -> None:
    green, amber = Caller(daemon, "green"), Caller(daemon, "amber")
    lost = [value.encode() for value in (*SHOWN, "open_list")]
    with open_stream(daemon, "?since=0", green.token) as stream:
        assert SHOWN[0] in str(stream.recv(timeout=20))
        declared = daemon.sources_dir / "open_list.toml"
        declared.write_text(declared.read_text().replace('tlp = "clear"', 'tlp = "red"'))
        # It says so, but nobody can read the rest.
        daemon.declare("newcomer", 'tlp = "red"\nnonsense = 3\n')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: len(daemon.get("/api/v1/sources")["sources"]) == 4, what="the new declarations")
        listed = {"values": SHOWN}
        daemon.wait_for(
            lambda: (
                not any(
                    one["listed"] for one in json.loads(green.ask("POST", "/api/v1/lookup", listed).body)["results"]
                )
            ),
            what="the index to hear of it",
        )
        for path in (
            "/api/v1/findings?since=0",
            "/api/v1/exports/all.csv",
            "/api/v1/exports/public.txt",
            "/api/v1/sources",
            "/metrics",
            "/api/v1/trends",
            "/api/v1/status",
            "/api/v1/rounds/1",
            "/api/v1/rounds/2",
        ):
            for caller in (green, amber):
                answer = caller.ask("GET", path)
                assert not [secret for secret in (*lost, b"newcomer") if secret in answer.whole], path
        with open_stream(daemon, "?since=0", green.token) as again, pytest.raises(TimeoutError):
            raise AssertionError(again.recv(timeout=3))
