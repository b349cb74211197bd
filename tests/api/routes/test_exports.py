"""Lists to block with: filters, formats, ETag, gzip."""

from __future__ import annotations

import gzip
from types import SimpleNamespace

from support.api import START, Served, World, body_of, finding, header, source

from tipd.model.kind import Kind


def listed(kind: Kind, value: str, *sources: str) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, value=value, sources=list(sources), since=START)


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
    assert table.content.splitlines()[1] == b"ipv4,198.51.100.7,example_drop odd,2026-11-22T04:00:00Z"
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
    assert (await exported(api, "all.txt", **{"If-None-Match": header(plain, "etag") or ""})).status == 200


async def test_the_lists_are_listed(world: World, api: Served) -> None:
    world.findings.tell(finding(7))
    world.index.entries = 12
    (one,) = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert (one["name"], one["entries"], one["build"], one["formats"]) == ("all", 12, 7, ["txt", "csv", "jsonl"])


async def test_the_list_of_all_counts_each_indicator_once(world: World, api: Served) -> None:
    world.sources.rows["odd"] = source("odd")  # lists the same twelve
    world.index.entries = 12
    (one,) = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert one["entries"] == 12
    world.index.ready = False
    (one,) = body_of(await api.ask("GET", "/api/v1/exports"))["lists"]
    assert one["entries"] == 24
