"""Without a resolver of one's own nothing is asked; a resolver that fails says nothing about the names."""

from support.tracking import in_state, names_of, tracking_daemon
from support.worlds import WorldServer

from demo.worlds.script import by_name
from tipd.model.dns import A

FLUXING = "single-flux.example"
STILL = "for-sale.example"


def test_the_systems_resolver_does_not_count(make_daemon):
    daemon = make_daemon().start()
    daemon.tipd("flux", "add", FLUXING, "--tag", "waiting")
    daemon.wait_for(lambda: daemon.said("no resolver is named in [net] resolvers"), what="the daemon to say so")
    listed = daemon.tipd("flux", "list")
    assert "needs_resolver" in listed.stdout + listed.stderr
    assert "[net] resolvers" in listed.stdout + listed.stderr
    page = daemon.get("/api/v1/flux/domains")
    assert page["tracker"]["state"] == "needs_resolver"
    assert [(row["domain"], row["state"], row["samples"]) for row in page["domains"]] == [(FLUXING, "candidate", 0)]
    assert "needs_resolver" in daemon.request("GET", "/api/v1/status")[1].decode()


def settled(daemon):
    """Return the names' states once the fluxing one is confirmed."""
    daemon.wait_for(lambda: in_state(daemon, "confirmed") == {FLUXING}, 60, "the fluxing name to be confirmed")
    daemon.wait_for(lambda: not in_state(daemon, "candidate"), 60, "the others to be judged")
    return {name: row["state"] for name, row in names_of(daemon).items()}


def asked_again(server, name, times):
    """Return a condition: the name has been asked for so often since now."""
    already = len(server.times(A)[name])
    return lambda: len(server.times(A)[name]) >= already + times


def test_a_resolver_that_dies_and_comes_back_changes_no_state(make_daemon, tmp_path):
    with WorldServer() as server:
        daemon = tracking_daemon(make_daemon, tmp_path, server).start()
        daemon.tipd("flux", "add", FLUXING, STILL, "images.one-cdn.example")
        before = settled(daemon)
        for mood in ("silent", "broken", "refusing"):
            server.worlds.moods.update(dict.fromkeys(server.worlds.resolvers, mood))
            daemon.wait_for(asked_again(server, FLUXING, 4), 90, f"questions to {mood} resolvers")
            server.worlds.moods.clear()
            samples = names_of(daemon)[FLUXING]["samples"]
            daemon.wait_for(lambda n=samples: names_of(daemon)[FLUXING]["samples"] > n, 90, "answers again")
            assert {name: row["state"] for name, row in names_of(daemon).items()} == before, mood
        told = {finding["kind"] for finding in daemon.findings()}
        assert not told & {"flux.dormant", "flux.dropped", "flux.revived"}


def test_a_name_may_be_asked_for_at_its_own_servers(make_daemon, tmp_path):
    """Every resolver blocks the name; its zone's own servers do not, and say the true TTL."""
    blocked = by_name("blocked.example").name
    with WorldServer() as server:
        daemon = tracking_daemon(make_daemon, tmp_path, server).start()
        daemon.tipd("flux", "add", blocked, "--tag", "straight")
        daemon.wait_for(lambda: in_state(daemon, "confirmed") == {blocked}, 60, "the name to be confirmed")
        seen = daemon.get(f"/api/v1/flux/domains/{blocked}")["rrsets"]
        records = [record for rrset in seen if rrset["type"] == "A" for record in rrset["records"]]
        assert len(records) > 20
        assert {(record["true_ttl"], record["ttl_min"], record["ttl_max"]) for record in records} == {(True, 2, 2)}
        asked = [one for one in server.asked if one.name == blocked and one.rtype == A]
        assert not {one.server for one in asked} & set(server.worlds.resolvers)
        assert {one.server for one in asked} >= {"127.0.53.1", "127.0.53.2"}
