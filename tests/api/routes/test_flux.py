"""Tracked names over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.api import ALL_SCOPES, Served, World, body_of
from support.flux import START, seen, tracked

from tipd.model import dns
from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp
from tipd.model.tracked import Network, ScorePoint

PATH = "/api/v1/flux/domains"


async def ask(api: Served, method: str, path: str = PATH, status: int = 200, **more: Any) -> Any:
    answer = await api.ask(method, path, **more)
    assert answer.status == status, answer.content
    return body_of(answer)


async def test_names_in_pages(world: World, api: Served) -> None:
    world.flux.put(
        *(tracked(f"host{number}.example.org") for number in range(5)),
        tracked("z.example.org", state=State.CONFIRMED, tier=Tier.LIKELY, holz=21180, tags=("lab",)),
    )
    first = await ask(api, "GET", f"{PATH}?limit=5")
    assert [one["domain"] for one in first["domains"]] == [f"host{number}.example.org" for number in range(5)]
    second = await ask(api, "GET", f"{PATH}?limit=5&after={first['next']}")
    (last,) = second["domains"]
    assert second["next"] is None
    assert (last["state"], last["tier"], last["score"], last["tags"], last["tlp"]) == (
        "confirmed",
        "likely",
        211.8,
        ["lab"],
        "green",
    )


async def test_names_by_what_they_are(world: World, api: Served) -> None:
    await ask(api, "GET", f"{PATH}?state=likely,confirmed&tag=a&tag=b&tier=likely&apex=Example.ORG&text=FLUX")
    assert world.flux.asked[-1] == {
        "state": (State.LIKELY, State.CONFIRMED),
        "tag": ("a", "b"),
        "tier": ("likely",),
        "apex": "example.org",
        "text": "flux",
    }
    for query in ("state=odd", "tier=odd", "limit=0", "limit=10001", "odd=1"):
        await ask(api, "GET", f"{PATH}?{query}", status=400)


async def test_everybody_is_told_that_a_resolver_is_needed(world: World, api: Served) -> None:
    assert (await ask(api, "GET"))["tracker"] is None
    facts = {"state": "needs_resolver", "why": "none is named in [net] resolvers"}
    world.health.tree["modules"].append({"module": "fastflux", "state": "waiting", "facts": facts})
    assert (await ask(api, "GET", token="tip_read"))["tracker"] == facts


async def test_a_name_with_all_that_is_known(world: World, api: Served) -> None:
    name, hour = "flux.example.org", timedelta(hours=1)
    world.flux.put(tracked(name, state=State.CONFIRMED, tier=Tier.CONFIRMED, holz=21180, network=4, note="seen"))
    world.flux.records = [
        seen(name, "198.51.100.7"),
        seen(name, "192.0.2.1", asn=64501, first=START + hour),
        seen(name, "192.0.2.2", asn=0, last=START),
        seen(name, "ns1.example.org", rtype=dns.NS),
        seen("ns1.example.org", "203.0.113.5"),
    ]
    world.flux.scores[name] = [
        ScorePoint(at=START, holz=None, n_a=1, n_asn=1, total=1, tier=Tier.UNKNOWN, state=State.CANDIDATE),
        ScorePoint(at=START + hour, holz=21180, n_a=20, n_asn=10, total=25, tier=Tier.CONFIRMED, state=State.CONFIRMED),
    ]
    reasons = [{"code": "holz", "text": "over the bound", "value": 211.8, "bound": 142.38}]
    world.flux.verdicts[name] = {
        "tier": "confirmed",
        "reasons": reasons,
        "model": "1",
        "window": [{"at": 1.0, "n_a": 10}, {"at": 2.0, "n_a": 20}],
        "features": {"fluxiness": 2.5},
    }
    world.flux.groups = [Network(id=4, first=START, last=START, size=2, names=(name, "other.example.org"))]
    told = await ask(api, "GET", f"{PATH}/hxxp://FLUX[.]example.org/")
    assert (told["domain"], told["state"], told["note"]) == (name, "confirmed", "seen")
    assert told["holz"] == {
        "score": 211.8,
        "n_a": 20,
        "n_asn": 10,
        "n_ns": 1,
        "window": [{"at": 1.0, "n_a": 10}, {"at": 2.0, "n_a": 20}],
        "bound": 142.38,
        "flux": True,
    }
    assert told["verdict"] == {"tier": "confirmed", "reasons": reasons, "model": "1"}
    assert [(one["type"], [row["data"] for row in one["records"]]) for one in told["rrsets"]] == [
        ("A", ["198.51.100.7", "192.0.2.1", "192.0.2.2"]),
        ("NS", ["ns1.example.org"]),
    ]
    assert [row["current"] for row in told["rrsets"][0]["records"]] == [True, True, False]
    assert [row["asn"] for row in told["rrsets"][0]["records"]] == [64500, 64501, None]
    assert [one["addresses"] for one in told["growth"]] == [2, 3]
    assert [(one["score"], one["addresses"]) for one in told["scores"]] == [(None, 1), (211.8, 25)]
    assert told["asns"] == {"AS64500": 1, "AS64501": 1}
    assert [(one["name"], one["addresses"]) for one in told["ns"]] == [("ns1.example.org", ["203.0.113.5"])]
    assert told["networks"][0]["names"] == [name, "other.example.org"]
    assert told["origins"][0]["why"] == "person"
    assert (told["features"], told["at"]) == ({"fluxiness": 2.5}, None)


async def test_a_name_as_of_a_moment(world: World, api: Served) -> None:
    world.flux.put(tracked("flux.example.org"))
    world.flux.records = [
        seen("flux.example.org", "198.51.100.7"),
        seen("flux.example.org", "192.0.2.1", first=START + timedelta(days=1)),
    ]
    told = await ask(api, "GET", f"{PATH}/flux.example.org?at=2026-11-22T05:00:00Z")
    assert [row["data"] for row in told["rrsets"][0]["records"]] == ["198.51.100.7"]
    assert (told["at"], told["holz"]["score"], told["holz"]["flux"]) == ("2026-11-22T05:00:00Z", None, None)
    for wrong in ("2026-11-22T05:00:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00%2B14:00"):
        await ask(api, "GET", f"{PATH}/flux.example.org?at={wrong}", status=400)


async def test_names_come_under_watch(world: World, api: Served) -> None:
    world.flux.put(tracked("known.example.org"))
    names = ["Flux.example.org", "known.example.org", {"domain": "b.example.org", "tags": ["own"]}, "192.0.2.1", 7]
    names += ["flux.example.org.", "full.example.org"]
    done = await ask(api, "POST", body={"domains": names, "tags": ["lab"], "note": "seen in spam", "tlp": "clear"})
    assert (done["new"], done["known"], done["refused"]) == (2, 1, 3)
    assert [(one["result"], one.get("reason")) for one in done["results"]] == [
        ("new", None),
        ("known", None),
        ("new", None),
        ("refused", "wrong_kind"),
        ("refused", "Expected `object`, got `int`"),
        ("new", None),
        ("refused", "there is no room"),
    ]
    ((batch, initial),) = world.flux.batches
    assert not initial
    assert {one.name: (one.tags, one.note, one.tlp) for one in batch}["flux.example.org"] == (
        ("lab",),
        "seen in spam",
        Tlp.CLEAR,
    )
    assert world.flux.rows["b.example.org"].tags == ("lab", "own")


async def test_many_names_at_once_are_no_news(world: World, api: Served) -> None:
    await ask(api, "POST", body={"domains": [f"host{number}.example.org" for number in range(1001)]})
    assert world.flux.batches[0][1] is True
    too_many = [f"host{number}.example.org" for number in range(10_001)]
    await ask(api, "POST", body={"domains": too_many}, status=400)


@pytest.mark.parametrize(
    "body",
    [{}, {"domains": []}, {"domains": ["a.example"], "tags": ["a,b"]}, {"domains": ["a.example"], "tlp": "purple"}],
)
async def test_what_is_no_request(world: World, api: Served, body: Any) -> None:
    await ask(api, "POST", body=body, status=400)
    assert world.flux.batches == []


async def test_tags_and_notes(world: World, api: Served) -> None:
    world.flux.put(tracked("flux.example.org", tags=("a", "b")))
    edited = await ask(
        api, "POST", f"{PATH}/flux.example.org", body={"add_tags": ["c"], "remove_tags": ["a"], "note": "mine"}
    )
    assert (edited["tags"], edited["note"]) == (["b", "c"], "mine")
    await ask(api, "POST", f"{PATH}/flux.example.org", body={"add_tags": [" "]}, status=400)
    await ask(api, "POST", f"{PATH}/none.example.org", body={"add_tags": ["a"]}, status=404)


async def test_a_name_is_let_go(world: World, api: Served) -> None:
    world.flux.put(tracked("flux.example.org"))
    gone = await ask(api, "DELETE", f"{PATH}/flux.example.org?reason=was%20ours")
    assert gone == {"domain": "flux.example.org", "state": "dropped", "reason": "was ours"}
    assert [act[0] for act in world.flux.said] == ["drop"]
    await ask(api, "DELETE", f"{PATH}/none.example.org", status=404)


async def test_what_a_caller_may_not_see_is_not_there_and_not_touched(world: World, api: Served) -> None:
    secret = tracked("secret.example.org", tlp=Tlp.AMBER, tags=("partner",))
    world.flux.put(secret, tracked("open.example.org"))
    assert [one["domain"] for one in (await ask(api, "GET"))["domains"]] == ["open.example.org"]
    for method, body in (("GET", None), ("POST", {"add_tags": ["a"]}), ("DELETE", None)):
        for name in ("secret.example.org", "none.example.org"):
            told = await ask(api, method, f"{PATH}/{name}", body=body, status=404)
            assert told["detail"] == f"the name '{name}' is not tracked"
    assert world.flux.rows["secret.example.org"] == secret
    done = await ask(api, "POST", body={"domains": ["secret.example.org"]})
    assert done["results"][0]["result"] == "new"
    world.tokens.add("tip_amber", *ALL_SCOPES, max_tlp="amber")
    assert len((await ask(api, "GET", token="tip_amber"))["domains"]) == 2


async def test_who_may(world: World, api: Served) -> None:
    world.flux.put(tracked("flux.example.org"))
    body = {"domains": ["flux.example.org"]}
    await ask(api, "POST", body=body, token="tip_read", status=403)
    await ask(api, "POST", f"{PATH}/flux.example.org", body={}, token="tip_read", status=403)
    await ask(api, "DELETE", f"{PATH}/flux.example.org", token="tip_read", status=403)
    await ask(api, "GET", token="tip_stream", status=403)
    await ask(api, "GET", token=None, status=401)


async def test_without_the_database(world: World, api: Served) -> None:
    world.flux.away = True
    for path in (PATH, f"{PATH}/flux.example.org"):
        await ask(api, "GET", path, status=503)
