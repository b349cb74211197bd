"""The promise: what was acknowledged is never lost, whatever kills the daemon, and each reader gets all of it in order.

Whoever checks stands outside of the daemon: a subscriber and a witness write down what they were told, a server knows
which lists it served last.
"""

import itertools
import json
import random
from collections import defaultdict

import pytest
from support.churn import Churn
from support.daemon import Daemon, wait_a_moment
from support.feeds import FeedServer
from support.processes import gone, postmaster, wait_gone, workers
from support.subscriber import Subscriber
from support.witness import Witness

NAMES = [f"list{number}" for number in range(5)]
ROWS = 2500
EVERY_SECOND = 'parser = "lines"\nkind = "auto"\nevery = "1s"\nmin_interval = "1s"\n'


def declared(feeds: FeedServer, names: list[str] = NAMES) -> dict[str, str]:
    return {name: f'url = "{feeds.base}/{name}.txt"\n{EVERY_SECOND}' for name in names}


def kill_at_a_moment(daemon: Daemon, rng: random.Random, number: int) -> None:
    """Start, wait for a random moment (one of three somewhere in the start), SIGKILL; its workers die with it."""
    daemon.start(ready=number % 3 != 2)
    for _ in range(rng.randrange(2, 50)):
        wait_a_moment()
    helped = workers(daemon.process.pid)
    daemon.kill()
    assert wait_gone(helped), "workers outlived their daemon"


def settle(daemon: Daemon, churn: Churn) -> None:
    """Let the last lists come in: each source says `unchanged`, which is only said of what is stored."""
    churn.freeze()
    daemon.start()
    for name in churn.lists:
        served = set(churn.lists[name])
        daemon.wait_for(
            lambda name=name, served=served: (
                daemon.source(name)["state"] == "unchanged" and exported(daemon, name) == served
            ),
            60,
            f"the last list of {name}",
        )


def exported(daemon: Daemon, name: str) -> set[str]:
    status, body = daemon.request("GET", f"/api/v1/exports/all.txt?source={name}")
    assert status == 200
    return set(body.decode().split())


def check_told(told: list[dict], log: dict[int, dict], last: int) -> None:
    """Hold what a reader was told against the log: in order, nothing twice, nothing skipped, nothing changed."""
    seqs = [finding["seq"] for finding in told]
    assert all(one < next_one for one, next_one in itertools.pairwise(seqs))
    assert set(seqs) == {seq for seq in log if seq <= last}
    assert all(log[finding["seq"]] == finding for finding in told)


def check_intervals(log: list[dict], lists: dict[str, list[str]]) -> None:
    """Every indicator of every source is listed, delisted, listed …; those open at the end are the last list served."""
    stories: dict[tuple[str, str], list[str]] = defaultdict(list)
    for finding in log:
        if finding["kind"].startswith("indicator."):
            stories[finding["source"], finding["subject"]["value"]].append(finding["kind"].removeprefix("indicator."))
    for place, story in stories.items():
        assert story == [word for word, _ in zip(itertools.cycle(("listed", "delisted")), story, strict=False)], place
    for name, served in lists.items():
        still = {value for (source, value), story in stories.items() if source == name and story[-1] == "listed"}
        assert still == set(served)


def check_rounds(daemon: Daemon, witness: Witness) -> None:
    """Every round whose end was shown is in the database with the numbers that were shown."""
    columns = (
        "json_build_object('id', id, 'status', status, 'listed', listed, 'delisted', delisted, 'entries', entries)"
    )
    done = daemon.tipd("db", "shell", "--", "-XAt", "-c", f"SELECT {columns} FROM round WHERE ended IS NOT NULL")
    stored = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert witness.rounds
    for number, seen in witness.rounds.items():
        assert stored[number] == {key: seen[key] for key in stored[number]}


@pytest.mark.parametrize("kills", [pytest.param(5, id="five"), pytest.param(20, id="twenty", marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_by_kill_9(make_daemon, kills):
    rng = random.Random(kills)
    with FeedServer() as feeds, Churn(feeds, NAMES, ROWS, seed=kills) as churn:
        daemon = make_daemon(managed=True, sources=declared(feeds)).start()
        daemon.token()
        with Subscriber(daemon) as subscriber, Witness(daemon, NAMES) as witness:
            daemon.wait_for(lambda: witness.rounds, what="the first round")
            daemon.kill()
            orphans = {postmaster(daemon)}
            for number in range(kills - 1):
                kill_at_a_moment(daemon, rng, number)
                orphans.add(postmaster(daemon))
            settle(daemon, churn)
            assert len(orphans) > kills // 2
            assert gone([*orphans - {postmaster(daemon)}]), "a server outlived its daemon's next start"
            log = {finding["seq"]: finding for finding in daemon.findings()}
            daemon.wait_for(lambda: subscriber.last >= max(log), what="the subscriber to have everything")
            daemon.wait_for(lambda: witness.findings[-1]["seq"] >= max(log), what="the witness to have everything")
        assert subscriber.resumed > 1
        assert not subscriber.gaps
        assert set(subscriber.refused) <= {503}  # who comes while it starts is told so
        check_told(subscriber.findings, log, max(log))
        check_told(witness.findings, log, max(log))
        check_intervals([log[seq] for seq in sorted(log)], churn.lists)
        check_rounds(daemon, witness)
        assert "a server was left behind; stopping it" in daemon.log.read_text()
        own = postmaster(daemon)
        assert daemon.stop() == 0
        assert wait_gone([own])
