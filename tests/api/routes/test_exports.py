"""Lists to block with: filters, formats, ETag, gzip."""

from __future__ import annotations

import gzip
from datetime import timedelta
from types import SimpleNamespace

from support.api import START, Served, World, body_of, finding, header, source

from tipd.model.allow import Allowance
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp


def listed(kind: Kind, value: str, *sources: str) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, value=value, sources=list(sources), since=START, context={"port": 80})


async def exported(api: Served, path: str, **headers: str):
    return await api.ask("GET", f"/api/v1/exports/{path}", headers=headers)


async def test_exports_filter_and_format(world: World, api: Served) -> None:
    world.sightings.listed = [
        listed(Kind.IPV4, "198.51.100.7", "example_drop", "odd"),
        listed(Kind.DOMAIN, "example.org", "odd"),
        listed(Kind.IPV6, "2001:db8::1", "example_drop"),
    ]
    world.sources.rows["odd"] = source("odd")
    assert (await exported(api, "all.txt")).content == b"198.51.100.7\nexample.org\n2001:db8::1\n"
    assert (await exported(api, "all.txt?kind=ipv4&kind=ipv6")).content == b"198.51.100.7\n2001:db8::1\n"
    assert (await exported(api, "all.txt?kind=ipv4,ipv6&source=odd")).content == b"198.51.100.7\n"
    table = await exported(api, "all.csv")
    assert table.content.splitlines()[1] == b"ipv4,198.51.100.7,example_drop odd,2026-11-22T04:00:00Z,,,80,,,,,"
    assert (header(table, "content-type") or "").startswith("text/csv")
    assert len((await exported(api, "all.jsonl")).content.splitlines()) == 3
    for path, status in (("none.txt", 404), ("all.exe", 404), ("all.txt?kind=odd", 400), ("all.txt?source=none", 400)):
        assert (await exported(api, path)).status == status


async def test_exports_are_compressed_and_answer_304_until_something_changes(world: World, api: Served) -> None:
    world.findings.tell(finding(1))
    world.sightings.listed = [listed(Kind.IPV4, f"198.51.100.{number}", "example_drop") for number in range(250)]
    plain = await exported(api, "all.txt")
    packed = await exported(api, "all.txt", **{"Accept-Encoding": "br, gzip;q=0.5"})
    assert header(packed, "content-encoding") == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert header(packed, "etag") != header(plain, "etag")
    assert header(packed, "vary") == "Accept-Encoding"
    assert header(await exported(api, "all.txt", **{"Accept-Encoding": "gzip;q=0"}), "content-encoding") is None
    for held in (header(plain, "etag"), header(packed, "etag"), f"W/{header(plain, 'etag')}", "*"):
        again = await exported(api, "all.txt", **{"If-None-Match": held or ""})
        assert (again.status, again.content) == (304, b"")
        assert header(again, "etag") == header(plain, "etag")
    assert (await exported(api, "all.csv", **{"If-None-Match": header(plain, "etag") or ""})).status == 200
    world.findings.tell(finding(2))
    plain = await exported(api, "all.txt", **{"If-None-Match": header(plain, "etag") or ""})
    assert plain.status == 200
    world.sources.rows["example_drop"].last_change += timedelta(seconds=1)  # something else is said beside it
    assert (await exported(api, "all.txt", **{"If-None-Match": header(plain, "etag") or ""})).status == 200


async def test_the_lists_are_listed(world: World, api: Served) -> None:
    world.findings.tell(finding(7))
    world.index.entries = 12
    one, public, *_ = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert (one["name"], one["entries"], one["build"], one["formats"]) == ("all", 12, 7, ["txt", "csv", "jsonl"])
    assert (public["name"], public["entries"]) == ("public", 0)


async def test_the_list_of_all_counts_each_indicator_once(world: World, api: Served) -> None:
    world.sources.rows["odd"] = source("odd")  # lists the same twelve
    world.index.entries = 12
    one, *_ = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert one["entries"] == 12
    world.index.ready = False
    one, *_ = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert one["entries"] == 24


def allowance(kind: Kind, value: str) -> Allowance:
    return Allowance(kind=kind, value=value, reason="ours", by="me", created=START)


async def test_what_is_allowed_is_left_out_and_carved(world: World, api: Served) -> None:
    world.sightings.listed = [
        listed(Kind.NETWORK, "198.51.100.0/30", "example_drop"),
        listed(Kind.DOMAIN, "example.org", "example_drop"),
    ]
    before = await exported(api, "all.txt")
    world.allowed.entries = [allowance(Kind.IPV4, "198.51.100.1"), allowance(Kind.DOMAIN, "example.org")]
    held = {"If-None-Match": header(before, "etag") or ""}
    after = await exported(api, "all.txt", **held)
    assert (after.status, after.content) == (200, b"198.51.100.0\n198.51.100.2/31\n")
    assert b"example.org" not in (await exported(api, "all.csv")).content
    world.allowed.entries = []
    assert (await exported(api, "all.txt", **held)).status == 304


async def test_an_export_is_as_the_caller_may_see_it(world: World, api: Served) -> None:
    world.tokens.add("tip_amber", "read", max_tlp="amber")
    world.sources.rows["secret"] = source("secret", tlp=Tlp.AMBER)
    tags = set()
    for token, mark in (("tip_all", Tlp.GREEN), ("tip_amber", Tlp.AMBER)):
        answer = await api.ask("GET", "/api/v1/exports/all.txt", token=token)
        tags.add(header(answer, "etag"))
        assert world.sightings.asked[-1] == (mark, False)
    assert len(tags) == 2
    for name in ("secret", "none"):  # one that may not be seen is as one that is not there
        refused = await exported(api, f"all.txt?source={name}")
        assert (refused.status, body_of(refused)["detail"]) == (400, f"unknown source {name!r}")
    assert (await api.ask("GET", "/api/v1/exports/all.txt?source=secret", token="tip_amber")).status == 200


async def test_the_etag_changes_with_marks(world: World, api: Served) -> None:
    held = {"If-None-Match": header(await exported(api, "all.txt"), "etag") or ""}
    world.sources.rows["example_drop"] = source("example_drop", tlp=Tlp.RED)
    assert (await exported(api, "all.txt", **held)).status == 200
    world.sources.rows["example_drop"] = source("example_drop", tlp=Tlp.CLEAR)
    assert (await exported(api, "all.txt", **held)).status == 304


async def test_a_public_list_says_whose_it_is(world: World, api: Served) -> None:
    world.sources.rows["mine"] = source("mine", redistribute=False)
    world.sources.rows["green"] = source("green", tlp=Tlp.GREEN)
    world.sources.rows["odd"] = source("odd", licence="CC BY 4.0,\n by Odd")
    world.sightings.listed = [listed(Kind.IPV4, "198.51.100.7", "example_drop", "odd")]
    named, asked = await exported(api, "public.txt"), await exported(api, "all.txt?public=1")
    assert named.content == asked.content
    assert named.content.splitlines() == [
        b"# example_drop: no licence is stated",
        b"# odd: CC BY 4.0, by Odd",
        b"198.51.100.7",
    ]
    assert world.sightings.asked == [(Tlp.GREEN, True)] * 2
    assert (await exported(api, "public.jsonl")).content.startswith(b"{")
    for name in ("mine", "green"):
        assert (await exported(api, f"public.txt?source={name}")).status == 400
