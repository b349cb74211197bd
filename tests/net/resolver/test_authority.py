"""Walking from the root to the zones' own servers, over real sockets, and what hostile zones make of it."""

from ipaddress import ip_address
from typing import Any

from support.dns.tree import EXAMPLE_AT, NET_AT, ORG_AT, OTHER_AT, ROOT_AT, WORLD, world
from support.dns.zones import Zone, authority

from tipd.model.dns import AAAA, MX, NS, A, Answer, Outcome, Route
from tipd.net.resolver.resolver import Resolver


def addresses(answer: Answer, width: int = 4) -> list[str]:
    return [str(ip_address(answer.rdata[at : at + width])) for at in range(0, len(answer.rdata), width)]


async def ask(resolver: Resolver, name: str, rtype: int = A) -> Answer:
    return await resolver.query(name, rtype, route=Route.AUTHORITY)


async def test_from_the_root_to_the_zone_with_its_true_ttl() -> None:
    async with world() as (resolver, servers):
        answer = await ask(resolver, "www.example.org")
        assert addresses(answer) == ["192.0.2.1", "192.0.2.2"]
        assert (answer.outcome, answer.ttl, answer.true_ttl) == (Outcome.NOERROR, 300, True)
        assert answer.server == servers[EXAMPLE_AT].text
        assert [len(servers[each].asked) for each in (ROOT_AT, ORG_AT, EXAMPLE_AT)] == [1, 1, 1]
        assert not servers[EXAMPLE_AT].asked[0].flags & 0x0100  # nobody is asked to recurse


async def test_a_zone_that_is_known_is_asked_at_once() -> None:
    async with world() as (resolver, servers):
        await ask(resolver, "www.example.org")
        for name, rtype in (("alias.example.org", A), ("www.example.org", AAAA), ("example.org", MX)):
            await ask(resolver, name, rtype)
        assert [len(servers[each].asked) for each in (ROOT_AT, ORG_AT, EXAMPLE_AT)] == [1, 1, 4]


async def test_types_and_aliases() -> None:
    async with world() as (resolver, _servers):
        assert addresses(await ask(resolver, "www.example.org", AAAA), 16) == ["2001:db8::1"]
        assert (await ask(resolver, "example.org", MX)).records == ("10 mail.example.org",)
        assert (await ask(resolver, "example.org", NS)).records == ("ns1.example.org",)
        inside = await ask(resolver, "alias.example.org")
        assert (inside.cname, inside.ttl) == (("www.example.org",), 30)
        assert addresses(inside) == ["192.0.2.1", "192.0.2.2"]


async def test_an_alias_into_another_zone_is_asked_there() -> None:
    async with world() as (resolver, _servers):
        answer = await ask(resolver, "away.example.org")
        assert (addresses(answer), answer.cname, answer.ttl) == (["198.51.100.7"], ("www.hosting.net",), 45)
        gone = await ask(resolver, "gone.example.org")
        assert (gone.outcome, gone.cname) == (Outcome.NXDOMAIN, ("nothing.hosting.net",))


async def test_servers_without_glue_are_looked_up() -> None:
    async with world() as (resolver, servers):
        assert addresses(await ask(resolver, "www.glueless.org")) == ["203.0.113.5"]
        assert {str(each) for each in servers[NET_AT].asked} == {"ns.hosting.net 1"}


async def test_what_is_not_there() -> None:
    async with world() as (resolver, _servers):
        missing = await ask(resolver, "nothing.example.org")
        assert (missing.outcome, missing.ttl, missing.true_ttl) == (Outcome.NXDOMAIN, 60, True)
        empty = await ask(resolver, "www.hosting.net", MX)
        assert (empty.outcome, empty.ttl) == (Outcome.NODATA, 60)
        assert (await ask(resolver, "nobody.org")).outcome is Outcome.NXDOMAIN


SIX: dict[str, Any] = {"allow_networks": ("127.0.0.0/8", "::1/128")}


async def test_a_name_server_with_an_ipv6_address_alone() -> None:
    glued = authority(Zone("net", ["hosting.net NS ns.hosting.net", "ns.hosting.net AAAA ::1"]))
    async with world({NET_AT: glued, "::1": WORLD[OTHER_AT]}, **SIX) as (resolver, servers):
        answer = await ask(resolver, "www.hosting.net")
        assert (addresses(answer), answer.server) == (["198.51.100.7"], servers["::1"].text)


async def test_a_name_server_that_is_looked_up_and_has_an_ipv6_address_alone() -> None:
    six = authority(Zone("hosting.net", ["ns.hosting.net AAAA ::1"]))
    async with world({OTHER_AT: six, "::1": WORLD[OTHER_AT]}, **SIX) as (resolver, servers):
        answer = await ask(resolver, "www.glueless.org")
        assert (addresses(answer), answer.server) == (["203.0.113.5"], servers["::1"].text)
        assert {str(each) for each in servers[OTHER_AT].asked} == {"ns.hosting.net 1", "ns.hosting.net 28"}
