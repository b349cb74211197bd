"""What is forgotten with a value, and where its text stands by itself (that it stands nowhere: test_forget.py)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.past import Historian
from support.stores import START, HandClock, names, open_store, whole_log

from tipd.model.canonical import canonical
from tipd.model.finding import NewFinding
from tipd.model.kind import Kind
from tipd.store import forgetting as room
from tipd.store.forgetting import Forgotten, Needle, TooMany, Word, stands_on


@pytest.mark.parametrize(
    ("value", "place", "stands"),
    [
        ("example.org", "example.org", True),
        ("a.example.org", "example.org", True),
        ("badexample.org", "example.org", False),
        ("http://example.org/x", "example.org", True),
        ("https://u@a.example.org:8/x", "example.org", True),
        ("http://example.com/example.org", "example.org", False),
        ("me@a.example.org", "example.org", True),
        ("example.org@example.com", "example.org", False),
        ("http://192.0.2.1/x", "192.0.2.1", True),
        ("http://[2001:db8::1]/x", "2001:db8::1", True),
    ],
)
def test_what_stands_on_a_name_or_address(value: str, place: str, stands: bool) -> None:
    assert stands_on(value, place) == stands


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("see 192.0.2.1, please", "see (forgotten), please"),
        ("192.0.2.1", "(forgotten)"),
        ("192.0.2.11 and 1192.0.2.1", "192.0.2.11 and 1192.0.2.1"),
        ("192[.]0[.]2[.]1 and 192.0.2(dot)1", "(forgotten) and (forgotten)"),
    ],
)
def test_a_needle_is_cut_where_it_stands_by_itself(text: str, cut: str) -> None:
    assert Needle.of("192.0.2.1").cut_from(text) == cut


@pytest.fixture
async def historian(dsn: str, tmp_path: Path):
    clock = HandClock(START)
    async with open_store(dsn, clock) as store:
        yield await Historian.of(store, tmp_path, clock)


async def test_a_fingerprint_of_a_file_and_of_a_certificate_go_together(historian: Historian) -> None:
    targets = await historian.store.forgetting.targets(canonical("ab" * 20))
    assert {target.kind for target in targets} == {Kind.SHA1, Kind.CERT_SHA1}


async def test_too_much_at_once_is_refused(historian: Historian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_TARGETS", 2)
    await historian.live(-1, on={1, 2, 3})
    with pytest.raises(TooMany, match="at most 2"):
        await historian.store.forgetting.targets(canonical("example.org"), below=True)


async def test_texts_everywhere_lose_it_and_what_only_looks_like_it_stays(historian: Historian) -> None:
    store, value = historian.store, names(1)[0].value
    near = names(11)[0].value
    await historian.live(-2, on={1, 11})
    texts = {"reason": f"{value.upper()} and {near}", "x": [f"http://{value}/"]}
    await store.audit.note("uid 0", "noted", value, f"about {value}", texts)
    await store.pool.run(_quote, value, near)
    targets = await store.forgetting.targets(canonical(value))
    assert await store.forgetting.withdraw(targets) == 1
    done = Forgotten(values=1, closed=1)
    await store.forgetting.blank(targets, Needle.of(value), done)
    (act,) = await store.audit.read()
    assert (act.subject, act.reason) == ("(forgotten)", "about (forgotten)")
    assert act.data == {"reason": f"(forgotten) and {near}", "x": ["http://(forgotten)/"]}
    said = await store.pool.run(_said)
    assert said == [{"reference": f"with (forgotten), {near}"}, f"(forgotten) failed, {near} did not"]
    assert done.sightings == 1
    await store.forgetting.tell(targets, done, Word("uid 0", "asked", block=False, bodies=0))
    last = (await whole_log(store))[-1]
    assert (last.kind, last.subject, last.data["closed"]) == ("indicator.forgotten", None, 1)


async def test_lines_that_were_quoted_lose_it_however_they_spell_it(historian: Historian) -> None:
    store, value = historian.store, names(1)[0].value
    spelled = value.replace(".", "[.]")
    quoted = {"samples": [f'3: bogon: "{spelled}"\\x', "4: fine"], "why": f"hxxp:\\/\\/{value}/"}
    await store.audit.note("uid 0", "noted", "x", spelled, quoted)
    await store.writer.tell([NewFinding(kind="source.drifted", module="blacklist", data=quoted)])
    done = Forgotten(values=1)
    await store.forgetting.blank(await store.forgetting.targets(canonical(value)), Needle.of(value), done)
    without = {"samples": ['3: bogon: "(forgotten)"\\x', "4: fine"], "why": "hxxp:\\/\\/(forgotten)/"}
    (act,) = await store.audit.read()
    assert (act.reason, act.data) == ("(forgotten)", without)
    assert (await whole_log(store))[-1].data == without
    assert done.mentions == 3


async def test_long_tables_are_walked_over_in_parts(historian: Historian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BLOCKS", 1)
    store = historian.store
    for day in range(-9, -1):
        await historian.live(day, on=set(range(40)))
        await historian.live(day, off=set(range(40)))
    historian.clock.move(timedelta(hours=1))
    targets = await store.forgetting.targets(names(7)[0])
    done = Forgotten()
    await store.forgetting.blank(targets, Needle.of(names(7)[0].value), done)
    assert (done.sightings, done.findings, done.mentions) == (8, 16, 0)
    assert len(done.seqs) == 16


async def test_blocking_twice_is_blocking_once(historian: Historian) -> None:
    targets = await historian.store.forgetting.targets(names(1)[0])
    for _ in range(2):
        await historian.store.forgetting.block(targets)
    await historian.live(-1, on={1, 2})
    assert await historian.spans() == {2: [(-1, None)]}


async def _quote(connection, value: str, near: str) -> None:
    context = f'{{"reference": "with {value}, {near}"}}'
    await connection.execute("UPDATE sighting SET context = $1::jsonb WHERE value = $2", context, near)
    await connection.execute("UPDATE source SET error = $1", f"{value} failed, {near} did not")


async def _said(connection) -> list:
    import json

    context = await connection.fetchval("SELECT context FROM sighting WHERE context IS NOT NULL")
    return [json.loads(context), await connection.fetchval("SELECT error FROM source")]
