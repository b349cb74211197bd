"""How one attempt went, in the words a sink understands."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from support.api import finding
from support.http_server import ScriptedServer, redirect, serving, silence, status

from tipd import log
from tipd.clock import MovedClock
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings
from tipd.net.webhook import Answered, Poster
from tipd.watching.group import Group, signature
from tipd.watching.settings import SinkSettings
from tipd.watching.ways import TAKEN, Command, Outcome, Webhook, judged

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GROUP = Group(sink="hook", store_id="one", since=3, last=9, findings=(finding(4), finding(7)))


def webhook(server: ScriptedServer, **more: object) -> Webhook:
    clock = MovedClock(NOON)
    fetcher = Fetcher(NetSettings(), clock, log.get("net"), random.Random(1))
    settings = SinkSettings(name="hook", url=server.url("/hook"), allow_networks=["127.0.0.0/8"], **more)
    return Webhook(settings, Poster(fetcher.tools), clock)


async def test_a_message_that_is_taken_and_signed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("battery {credential} staple\n")
    secret.chmod(0o600)
    async with serving() as server:
        server.on("/hook", status(202))
        assert await webhook(server, secret_file=str(secret)).deliver(GROUP) == TAKEN
    (seen,) = server.seen
    assert seen.headers["tipd-delivery"] == GROUP.delivery
    time = int(seen.headers["tipd-signature"].partition(",")[0].removeprefix("t="))
    assert abs(time - NOON.timestamp()) <= 60
    assert seen.headers["tipd-signature"] == signature(b"battery {credential} staple", seen.body, time)
    assert [one["seq"] for one in msgspec.json.decode(seen.body)["findings"]] == [4, 7]


@pytest.mark.parametrize("mode", [0o644, None])
async def test_a_secret_that_cannot_be_read_sends_nothing(tmp_path: Path, mode: int | None) -> None:
    secret = tmp_path / "secret"
    if mode is not None:
        secret.write_text("staple")
        secret.chmod(mode)
    async with serving() as server:
        outcome = await webhook(server, secret_file=str(secret)).deliver(GROUP)
    assert (outcome.taken, outcome.gone, server.seen) == (False, False, [])
    assert str(secret) in outcome.why
    assert "staple" not in outcome.why


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answered(200, None), TAKEN),
        (Answered(204, 5.0), TAKEN),
        (Answered(410, None), Outcome(gone=True, why="the receiver says that it is gone for good: 410")),
        (Answered(429, 60.0), Outcome(why="the receiver answered 429", after=60.0)),
        (Answered(503, 9.0), Outcome(why="the receiver answered 503", after=9.0)),
        (Answered(500, 9.0), Outcome(why="the receiver answered 500")),
        (Answered(404, None), Outcome(why="the receiver answered 404")),
        (Answered(413, 9.0), Outcome(why="the receiver answered 413", too_large=True)),
    ],
)
def test_what_a_status_means(answer: Answered, outcome: Outcome) -> None:
    assert judged(answer) == outcome


async def test_trouble_is_a_value_that_holds_no_secret_of_the_address() -> None:
    async with serving() as server:
        server.on("/hook", redirect("/elsewhere"))
        assert "redirects (302)" in (await webhook(server).deliver(GROUP)).why
        server.on("/hook", silence())
        assert "timeout" in (await webhook(server, timeout="1s").deliver(GROUP)).why
    outcome = await webhook(server).deliver(GROUP)
    assert (outcome.taken, outcome.gone) == (False, False)
    assert "/hook" not in outcome.why


async def test_a_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    taker = Command(SinkSettings(name="hook", command=["sh", "-c", f"cat > {out}; echo $TIPD_DELIVERY >> {out}"]))
    assert await taker.deliver(GROUP) == TAKEN
    *lines, delivery = out.read_text().splitlines()
    assert [msgspec.json.decode(line)["seq"] for line in lines] == [4, 7]
    assert delivery == GROUP.delivery


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("exit 1", "the command failed, exit code 1"),
        ("printf 'no \\033[31mroute' >&2; exit 75", "the command failed, exit code 75: no  [31mroute"),
        ("kill -9 $$", "the command failed, signal 9"),
        ("sleep 1000", "the command was killed: it ran for more than 1 s"),
        ("yes", "the command was killed: it ran for more than 1 s"),
    ],
)
async def test_a_command_that_fails_hangs_or_floods(command: str, why: str) -> None:
    failing = Command(SinkSettings(name="hook", command=["sh", "-c", command], timeout="1s"))
    assert await failing.deliver(GROUP) == Outcome(why=why)
