"""Which modules run in a process, and the context each is given."""

import random
from types import SimpleNamespace

from tipd.clock import SystemClock
from tipd.daemon.modules import build_modules, context_for
from tipd.daemon.sections import load
from tipd.nursery.contract import Service
from tipd.nursery.health import Tree


def config(tmp_path, text=""):
    path = tmp_path / "tipd.toml"
    path.write_text(f'state_dir = "{tmp_path}"\n{text}')
    return load(path, {})


def test_the_blacklist_module_is_built_from_its_section(tmp_path):
    modules, disabled = build_modules(config(tmp_path), frozenset({"api", "blacklist"}))
    assert ([module.name for module in modules], disabled) == (["blacklist"], set())


def test_the_tracker_is_built_from_its_section(tmp_path):
    modules, disabled = build_modules(config(tmp_path), frozenset({"fastflux"}))
    assert ([module.name for module in modules], disabled) == (["fastflux"], set())
    assert isinstance(modules[0], Service)
    off = config(tmp_path, "[modules.fastflux]\nenabled = false\n")
    assert build_modules(off, frozenset({"fastflux"}))[1] == {"fastflux"}


def test_a_part_that_is_not_chosen_is_not_built(tmp_path):
    assert build_modules(config(tmp_path), frozenset({"api"})) == ([], set())


def test_a_disabled_module_is_named_so_that_it_is_shown(tmp_path):
    modules, disabled = build_modules(
        config(tmp_path, "[modules.blacklist]\nenabled = false\n"), frozenset({"blacklist"})
    )
    assert ([module.name for module in modules], disabled) == (["blacklist"], {"blacklist"})


def test_a_context_holds_what_the_contract_says():
    clock = SystemClock()
    house = SimpleNamespace(
        clock=clock,
        rng=random.Random(1),
        fetcher="fetcher",
        workers="workers",
        resolver="resolver",
        health=Tree(clock),
    )
    context = context_for(house, "store", "asns")("blacklist")
    assert (context.store, context.fetcher, context.workers) == ("store", "fetcher", "workers")
    assert (context.resolver, context.asns) == ("resolver", "asns")
    assert context.health is house.health.node("blacklist")
