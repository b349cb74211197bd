"""The real daemon among worlds that flux and worlds that only look so: it confirms the first and none of the others."""

from contextlib import contextmanager

import pytest
from support.feeds import FeedServer
from support.tracking import in_state, names_of, tracking_daemon
from support.worlds import WorldServer

from demo.worlds.script import FLUXING, HONEST, LISTED, WORLDS
from tipd.model.dns import A

FLUX = {world.name for world in FLUXING}
LOOKS = {world.name for world in HONEST if world.looks}
ENOUGH = 8  # look-ups after which a world that does not flux is believed
BLOCKED = 3  # questions answered by a policy, which are asked more and more seldom
# One resolver in three blocks what it knows to be bad: evidence of nothing, and no reason not to confirm it.
RESOLVERS = {"eu": {}, "us": {}, "strict": {"single-flux.example": "ede", "login.double-flux.example": "garden"}}


@contextmanager
def tracked(make_daemon, tmp_path, *, keys=None, **options):
    """Give a daemon that watches all worlds, some from a list and some by hand, and the worlds."""
    with FeedServer() as feeds, WorldServer(**options) as server:
        feeds.put("/names.txt", "\n".join(LISTED))
        lists = [f"{feeds.base}/names.txt"]
        daemon = tracking_daemon(make_daemon, tmp_path, server, lists=lists, **(keys or {})).start()
        for world in WORLDS:
            if world.tags:
                daemon.tipd("flux", "add", world.name, *(word for tag in world.tags for word in ("--tag", tag)))
        yield daemon, server


def told(daemon, kind):
    return {finding["subject"]["value"] for finding in daemon.findings() if finding["kind"] == kind}


def settled(daemon, server):
    """Say whether each name that does not flux was let go, or was looked at long enough; the dying one has to go."""
    asked, gone = server.times(A), in_state(daemon, "dropped")
    enough = {world.name: BLOCKED if world.blocked else ENOUGH for world in HONEST if world.name != "dying.example"}
    return "dying.example" in gone and all(len(asked[name]) >= enough[name] for name in enough.keys() - gone)


@pytest.mark.parametrize("seed", ["0", "7"])
def test_exactly_the_fluxing_worlds_are_confirmed(make_daemon, tmp_path, seed):
    with tracked(make_daemon, tmp_path, seed=seed, resolvers=RESOLVERS) as (daemon, server):
        daemon.wait_for(lambda: in_state(daemon, "confirmed") >= FLUX, 60, "the fluxing worlds to be confirmed")
        daemon.wait_for(lambda: settled(daemon, server), 90, "the others to be looked at long enough")
        found = names_of(daemon)
        assert {name for name, row in found.items() if row["state"] == "confirmed"} == FLUX
        assert told(daemon, "flux.confirmed") == FLUX
        assert told(daemon, "flux.likely") <= FLUX
        assert {row["state"] for name, row in found.items() if name not in FLUX} <= {"candidate", "watched", "dropped"}
        assert {found[name]["reason"] for name in ("dying.example", "seized.example")} == {"nxdomain", "sinkhole"}
        check_blocked(daemon, found)


def test_without_knowledge_some_would_be_taken_for_flux(make_daemon, tmp_path):
    """The control of the test above: the formula alone does not tell them apart."""
    with tracked(make_daemon, tmp_path, keys={"knowledge_dirs": "[]"}) as (daemon, server):
        daemon.wait_for(lambda: in_state(daemon, "confirmed") >= FLUX | LOOKS, 60, "the look-alikes to be confirmed")
        daemon.wait_for(lambda: settled(daemon, server), 90, "the others to be looked at long enough")
        assert in_state(daemon, "confirmed") == FLUX | LOOKS


def check_blocked(daemon, found):
    """What a policy answers changes nothing: no look-up counts, nothing is known of the names."""
    for name in ("blocked.example", "walled.example"):
        assert found[name]["state"] == "candidate"
        assert daemon.get(f"/api/v1/flux/domains/{name}")["rrsets"] == []
