"""Subscribers that lag, that come back late, that come with a wrong cursor or a wrong token."""

import json

import pytest
from support.daemon import Daemon
from support.feeds import FeedServer
from support.subscriber import Subscriber, deaf_reader, open_stream
from websockets.exceptions import ConnectionClosed, InvalidStatus

LIST = 'url = "{base}/list.txt"\nparser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'
GROWS = "[expect]\nmax_growth = 1000.0\n"
MANY = 30_000


def many(start: int, number: int = MANY) -> str:
    return "\n".join(f"h{each}.example.org" for each in range(start, start + number))


@pytest.fixture
def feeds():
    with FeedServer() as server:
        server.put("/list.txt", many(0, 500))
        yield server


@pytest.fixture
def daemon(make_daemon, feeds) -> Daemon:
    made = make_daemon(sources={"one": LIST.format(base=feeds.base) + GROWS})
    made.config.write_text(made.config.read_text().replace("[api]\n", '[api]\nreader_stall = "1s"\n'))
    made.start()
    made.wait_for(lambda: made.source("one")["state"] in {"ok", "unchanged"}, what="the first round")
    return made


def refusal(daemon: Daemon, query: str = "", token: str | None = None) -> tuple[int, dict]:
    """Return status and problem of a handshake that must fail."""
    with pytest.raises(InvalidStatus) as caught:
        open_stream(daemon, query, token)
    response = caught.value.response
    return response.status_code, json.loads(response.body)


def make_token(daemon: Daemon, *scopes: str) -> dict:
    words = [word for scope in scopes for word in ("--scope", scope)]
    return json.loads(daemon.tipd("--json", "token", "create", "--max-tlp", "red", *words).stdout)


def test_one_that_never_reads_is_cut_and_the_others_go_on(daemon, feeds):
    deaf = deaf_reader(daemon, "")
    with deaf, Subscriber(daemon) as subscriber:
        daemon.wait_for(lambda: len(subscriber.findings) >= 501, what="the good reader")
        feeds.put("/list.txt", many(0))
        daemon.wait_for(lambda: len(subscriber.findings) >= MANY + 1, 60, "the good reader to have it all")
        daemon.wait_for(lambda: daemon.get("/api/v1/status")["stream"]["readers"] == 1, 60, "the deaf one to be cut")
        received = b""
        while piece := deaf.recv(65536):
            received += piece
        assert b"\x03\xf5" in received[-300:]  # 1013
        feeds.put("/list.txt", many(10))
        daemon.wait_for(lambda: len(subscriber.findings) >= MANY + 21, what="the good reader to go on")
        assert not subscriber.closed
        seqs = subscriber.seqs()
    assert seqs == [finding["seq"] for finding in daemon.findings()][: len(seqs)]


def test_one_that_comes_back_after_a_day_gets_everything_in_order(daemon, feeds):
    with Subscriber(daemon) as early:
        daemon.wait_for(lambda: len(early.findings) >= 501, what="what was there")
        since = early.last
    feeds.put("/list.txt", many(0))
    daemon.wait_for(lambda: daemon.source("one")["entries"] == MANY, 60, "a day's findings")
    assert daemon.stop() == 0
    daemon.start()
    with Subscriber(daemon, since=since) as late:
        daemon.wait_for(lambda: late.resumed, what="the subscriber to be back")
        for turn in range(1, 4):  # live ones come while it catches up
            feeds.put("/list.txt", many(turn * 10))
            daemon.wait_for(lambda turn=turn: daemon.last_seq() >= MANY + 20 * turn, 30, "live findings")
        daemon.wait_for(lambda: late.last >= daemon.last_seq(), 60, "everything")
        assert not late.gaps
        assert late.resumed == 1
        seqs = late.seqs()
    assert seqs == [finding["seq"] for finding in daemon.findings(since)][: len(seqs)]
    assert len(seqs) >= MANY - 500 + 60


def test_cursors_that_are_good_nowhere(daemon):
    last = daemon.last_seq()
    status, problem = refusal(daemon, f"?since={last + 1_000_000}")
    assert (status, problem["first"], problem["last"]) == (410, 1, last)
    status, body = daemon.request("GET", f"/api/v1/findings?since={last + 1_000_000}")
    assert (status, json.loads(body)["first"], json.loads(body)["last"]) == (410, 1, last)
    other = "00000000-0000-0000-0000-000000000000"
    status, problem = refusal(daemon, f"?since=0&store_id={other}")
    assert (status, problem["store_id"]) == (410, daemon.get("/api/v1/findings?limit=1")["store_id"])
    assert daemon.request("GET", f"/api/v1/findings?since=0&store_id={other}")[0] == 410
    for query in ("?since=-1", "?since=x", f"?since={2**70}", "?sinse=1", "?kind=A%20B"):
        assert refusal(daemon, query)[0] == 400


def test_tokens_that_open_nothing(daemon):
    assert refusal(daemon, token="tip_" + "x" * 43)[0] == 401
    assert refusal(daemon, token="")[0] == 401
    reading = make_token(daemon, "read")
    assert refusal(daemon, token=reading["token"])[0] == 403
    assert daemon.request("GET", "/api/v1/findings", token=reading["token"])[0] == 200
    assert daemon.request("POST", "/api/v1/sources/one/run", token=reading["token"])[0] == 403
    assert daemon.request("GET", "/api/v1/findings", token="tip_wrong")[0] == 401


def test_the_stream_of_a_token_that_is_revoked_ends(daemon, feeds):
    made = make_token(daemon, "stream")
    with open_stream(daemon, token=made["token"]) as doomed, Subscriber(daemon) as other:
        daemon.wait_for(lambda: other.resumed, what="the other subscriber")
        daemon.tipd("token", "revoke", made["id"])
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                doomed.recv(timeout=20)
        assert closed.value.rcvd.code == 1008
        assert refusal(daemon, token=made["token"])[0] == 401
        feeds.put("/list.txt", many(0, 600))
        daemon.wait_for(lambda: len(other.findings) >= 601, what="the other to go on")
        assert not other.closed


def test_a_token_that_another_process_revokes_ends_its_stream_too(daemon, make_daemon):
    """The revocation comes by way of the database: an API process elsewhere, or the command line without a daemon."""
    name = (daemon.folder / "dsn").read_text()
    twin = make_daemon(dsn=name).start("--only", "api")
    made = make_token(daemon, "stream")
    with open_stream(daemon, token=made["token"]) as doomed:
        twin.tipd("token", "revoke", made["id"])
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                doomed.recv(timeout=60)
        assert closed.value.rcvd.code == 1008
