"""From a name to its network by every door: command line, REST, stream, pivot, exports, passive DNS."""

import json
from contextlib import contextmanager

from support.subscriber import open_stream
from support.tracking import in_state, names_of, tracking_daemon
from support.worlds import WorldServer

from demo.worlds import space
from demo.worlds.script import FLUXING, by_name

TAGGED = "parcel-track.homeip.net"
ALIAS = "www.alias-flux.example"
DOUBLE = "login.double-flux.example"
FLUX = {world.name for world in FLUXING}
STILL = "for-sale.example"


@contextmanager
def confirmed(make_daemon, tmp_path):
    """Give a daemon that has confirmed all fluxing names, one of them tagged `parcels`, and what the stream told."""
    with WorldServer() as server:
        daemon = tracking_daemon(make_daemon, tmp_path, server).start()
        daemon.tipd("flux", "add", *(FLUX - {TAGGED}), STILL)
        daemon.tipd("flux", "add", TAGGED, "--tag", "parcels", "--note", "a text message")
        daemon.wait_for(lambda: in_state(daemon, "confirmed") >= FLUX, 60, "the fluxing names to be confirmed")
        yield daemon


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def addresses(daemon, name):
    found = daemon.get(f"/api/v1/flux/domains/{name}")["rrsets"]
    return [record["data"] for rrset in found if rrset["type"] == "A" for record in rrset["records"]]


def test_a_network_is_walked_by_every_door(make_daemon, tmp_path):
    with confirmed(make_daemon, tmp_path) as daemon:
        check_shown(daemon)
        check_tags(daemon)
        check_stream(daemon)
        check_pivot(daemon)
        check_passive_dns(daemon)
        check_network(daemon)
        check_double_flux(daemon)
        check_let_go(daemon)


def check_shown(daemon):
    """The score with its window, the verdict with its reasons, the records with the AS as known then."""
    (shown,) = rows(daemon.tipd("--json", "flux", "show", TAGGED))
    assert shown == daemon.get(f"/api/v1/flux/domains/{TAGGED}") | {key: shown[key] for key in shown.keys() & MOVING}
    assert shown["state"] == "confirmed"
    assert shown["holz"]["flux"] is True
    assert shown["holz"]["score"] > shown["holz"]["bound"] == 142.38
    assert round(1.32 * shown["holz"]["n_a"] + 18.54 * shown["holz"]["n_asn"], 2) == shown["holz"]["score"]
    assert len(shown["holz"]["window"]) == 2
    assert shown["verdict"]["reasons"]
    assert (shown["note"], shown["apex"]) == ("a text message", TAGGED)
    records = [record for rrset in shown["rrsets"] if rrset["type"] == "A" for record in rrset["records"]]
    assert all(record["asn"] == space.asn_of(record["data"]) for record in records)
    assert {record["true_ttl"] for record in records} == {False}
    human = daemon.tipd("flux", "show", TAGGED).stdout
    assert TAGGED in human
    assert "confirmed" in human


# What goes on while one looks twice.
MOVING = {
    "holz",
    "verdict",
    "rrsets",
    "scores",
    "growth",
    "asns",
    "ns",
    "networks",
    "features",
    "samples",
    "last_sample",
    "due",
    "score",
    "network",
}


def check_tags(daemon):
    """Tags filter lists, findings and exports."""
    assert [row["domain"] for row in rows(daemon.tipd("--json", "flux", "list", "--tag", "parcels"))] == [TAGGED]
    page = daemon.get("/api/v1/findings?kind=flux.confirmed&tag=parcels&limit=100")
    assert [finding["subject"] for finding in page["findings"]] == [{"kind": "domain", "value": TAGGED}]
    assert page["findings"][0]["data"]["tags"] == ["parcels"]
    exported = daemon.tipd("flux", "export", "--tag", "parcels").stdout
    assert TAGGED in exported
    assert ALIAS not in exported
    status, body = daemon.request("GET", "/api/v1/exports/flux.txt")
    assert status == 200
    assert {line for line in body.decode().splitlines() if line and line[0] not in "#;"} == FLUX


def check_stream(daemon):
    """The stream tells a tag's findings, those of the past first."""
    with open_stream(daemon, "?since=0&kind=flux.confirmed&tag=parcels") as stream:
        told = json.loads(stream.recv(timeout=20))
    assert [finding["subject"]["value"] for finding in told["findings"]] == [TAGGED]


def check_pivot(daemon):
    """From a node to the names, from an AS and a network too; and what is found is put under watch."""
    node = addresses(daemon, TAGGED)[0]
    led = rows(daemon.tipd("--json", "pivot", node))
    assert TAGGED in {row["value"] for row in led}
    over_http = daemon.get(f"/api/v1/pivot/{node}")
    assert over_http["kind"] == "ipv4"
    assert {row["value"] for row in over_http["rows"] if row["kind"] == "domain"} >= {TAGGED}
    for value in (f"AS{space.asn_of(node)}", node.rpartition(".")[0] + ".0/24"):
        found = daemon.get(f"/api/v1/pivot/{value}")["rows"]
        assert TAGGED in {row["value"] for row in found if row["kind"] == "domain"}, value
    assert daemon.get(f"/api/v1/pivot/{node}?tag=nobodys")["rows"] == [] or all(
        row["kind"] != "domain" for row in daemon.get(f"/api/v1/pivot/{node}?tag=nobodys")["rows"]
    )
    target = {row["value"] for row in daemon.get(f"/api/v1/pivot/{ALIAS}")["rows"] if row["type"] == "CNAME"}
    assert "go.relay-flux.test" in target
    daemon.tipd("pivot", ALIAS, "--add", "--tag", "walked")
    walked = {name for name, row in names_of(daemon).items() if "walked" in row["tags"]}
    assert "go.relay-flux.test" in walked
    assert names_of(daemon)["go.relay-flux.test"]["path"][0] == ALIAS


def check_passive_dns(daemon):
    """Passive DNS in the Common Output Format: of a name, and of an address."""
    node = addresses(daemon, TAGGED)[0]
    for query in (TAGGED, node):
        status, body = daemon.request("GET", f"/pdns/query/{query}")
        assert status == 200
        found = [json.loads(line) for line in body.decode().splitlines()]
        assert {"rrname", "rrtype", "rdata", "time_first", "time_last", "count"} <= found[0].keys()
        assert any(row["rrname"].rstrip(".") == TAGGED and row["rdata"] == node for row in found)
        assert all(row["time_first"] <= row["time_last"] and row["count"] >= 1 for row in found)


def check_network(daemon):
    """Names of one botnet are one network, and the other botnet's are not in it."""

    def of_one_botnet():
        found = [set(network["names"]) for network in daemon.get("/api/v1/flux/networks")["networks"]]
        return next(
            (names for names in found if {"single-flux.example", "pay.quiet-apex.example", ALIAS} <= names), None
        )

    names = daemon.wait_for(of_one_botnet, 30, "the network to be seen")
    assert not names & {TAGGED, DOUBLE, STILL}
    told = [finding for finding in daemon.findings() if finding["kind"] == "flux.network"]
    assert any(set(finding["data"]["names"]) & {TAGGED, DOUBLE} for finding in told)


def check_double_flux(daemon):
    """Name servers that move are seen, with their addresses."""

    def moved():
        servers = daemon.get(f"/api/v1/flux/domains/{DOUBLE}")["ns"]
        return len(servers) >= 6 and servers

    servers = daemon.wait_for(moved, 60, "the name servers to move")
    known = by_name(DOUBLE).zones[0].servers.names
    assert {server["name"] for server in servers} <= set(known)
    daemon.wait_for(
        lambda: any(server["addresses"] for server in daemon.get(f"/api/v1/flux/domains/{DOUBLE}")["ns"]),
        60,
        "addresses of name servers",
    )


def check_let_go(daemon):
    """A person lets a name go, and takes it back."""
    daemon.tipd("flux", "drop", STILL, "--reason", "seen enough")
    daemon.wait_for(lambda: names_of(daemon)[STILL]["state"] == "dropped", 20, "the name to be let go")
    daemon.tipd("flux", "add", STILL)
    daemon.wait_for(lambda: names_of(daemon)[STILL]["state"] != "dropped", 20, "the name to be taken back")
    assert any(finding["kind"] == "flux.revived" for finding in daemon.findings())
