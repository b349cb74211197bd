"""Who sees what of tracked names, against a model: whatever sources, people and the DNS say, in whatever order.

A name of the DNS is known through the watched names that lead to it: itself, names below it, names whose records point
to it. Whoever may see one of these may see what it had, and nobody else but the operator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import pg
from support.fluxing import new, seen
from support.stores import open_store

from tipd.model.canonical import canonical
from tipd.model.canonical.suffix import registrable
from tipd.model.flux import Batch
from tipd.model.tlp import Tlp
from tipd.store.forgetting import Forgotten, Needle
from tipd.store.sources import Declared
from tipd.store.store import Store

NAMES = ("www.a.example.org", "b.example.org", "example.org", "c.example.net", "example.net")
HOSTS = (*NAMES, "ns.example.net", "ns.example.com")
ADDRESSES = ("192.0.2.1", "192.0.2.2")
SOURCES = ("one", "two")
MARKS = st.sampled_from([Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.RED])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(NAMES), st.sampled_from([None, *SOURCES]), st.none() | MARKS),
        st.tuples(st.just("declare"), MARKS, MARKS),
        st.tuples(st.just("see"), st.sampled_from(HOSTS), st.sampled_from([*HOSTS, *ADDRESSES])),
        st.tuples(st.just("forget"), st.sampled_from([*HOSTS, *ADDRESSES])),
    ),
    max_size=14,
)


@dataclass
class Model:
    """What should be there."""

    marks: dict[str, Tlp] = field(default_factory=lambda: dict.fromkeys(SOURCES, Tlp.GREEN))
    origins: dict[str, dict[str | None, Tlp]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def mark(self, name: str) -> Tlp:
        """Return the least mark among a watched name's origins."""
        return min(
            max(own, self.marks[source]) if source else own for source, own in self.origins[name].items()
        )  # fmt: skip

    def visible(self, max_tlp: Tlp) -> set[str]:
        return {name for name in self.origins if self.mark(name) <= max_tlp}

    def data(self, max_tlp: Tlp) -> set[tuple[str, str]]:
        """Return the records that may be seen; the operator sees those that nothing leads to any more too."""
        if max_tlp is Tlp.RED:
            return self.seen
        known = {each for name in self.visible(max_tlp) for each in (name, registrable(name))}
        while more := {data for name, data in self.seen if name in known} - known:
            known |= more
        return {(name, data) for name, data in self.seen if name in known}

    def forget(self, value: str) -> None:
        self.origins.pop(value, None)
        self.seen = {(name, data) for name, data in self.seen if value not in (name, data)}


async def step(store: Store, model: Model, what: str, args: tuple[Any, ...]) -> None:
    if what == "add":
        name, source, own = args
        await store.flux.add([new(name, source=source, tlp=own, why="list" if source else "person")])
        default = Tlp.GREEN if source is None else Tlp.CLEAR
        model.origins.setdefault(name, {})[source] = default if own is None else own
    elif what == "declare":
        model.marks = dict(zip(SOURCES, args, strict=True))
        await store.sources.declare("blacklist", {name: Declared(tlp=tlp) for name, tlp in model.marks.items()})
    elif what == "see":
        name, data = args
        await store.flux.save(Batch(observations=(seen(name, data),)), vantage="home")
        model.seen.add((name, data))
    else:
        (value,) = args
        targets = await store.forgetting.targets(canonical(value))
        await store.forgetting.blank(targets, Needle.of(value), Forgotten())
        await store.pool.run(_let_in)
        model.forget(value)


async def _let_in(connection: Any) -> None:
    await connection.execute("DELETE FROM flux_forgotten")


async def check(store: Store, model: Model) -> None:
    for max_tlp in (Tlp.GREEN, Tlp.AMBER, Tlp.RED):
        shown = await store.flux.list(max_tlp=max_tlp)
        assert {row.name: row.tlp for row in shown} == {name: model.mark(name) for name in model.visible(max_tlp)}
        rows = {
            (row.name, row.data)
            for value in (*HOSTS, *ADDRESSES)
            for row in await store.flux.pdns(value, max_tlp=max_tlp)
        }
        assert rows == model.data(max_tlp)
    found = {row.found for row in (await store.flux.pivot(ADDRESSES[0], max_tlp=Tlp.GREEN)).rows if row.how == "had_by"}
    assert found == {name for name, data in model.data(Tlp.GREEN) if data == ADDRESSES[0]}


async def play(dsn: str, steps: list[tuple[Any, ...]]) -> None:
    async with open_store(dsn) as store:
        await store.pool.run(_empty)
        model = Model()
        await store.sources.declare("blacklist", {name: Declared(tlp=tlp) for name, tlp in model.marks.items()})
        for what, *args in steps:
            await step(store, model, what, tuple(args))
        await check(store, model)
        # What was kept up step by step is what taking it anew gives.
        assert await store.flux.remark() == 0
        await check(store, model)


async def _empty(connection: Any) -> None:
    await connection.execute(
        "TRUNCATE dns_name, dns_observation, flux_name, flux_origin, flux_state, flux_score, flux_run, flux_forgotten"
    )


def test_everybody_sees_what_he_may_and_no_more(pg_server: pg.Server) -> None:
    name = pg_server.create_migrated()

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def holds(steps: list[tuple[Any, ...]]) -> None:
        trio.run(play, pg_server.dsn(name), steps)

    holds()
    pg_server.drop(name)
