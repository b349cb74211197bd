"""Zones that answer for any label, found by random labels where a tag allows it and nowhere else."""

import random

import trio
from support.silence import SILENT
from support.tracking_fakes import Resolver, Tracker, packed, subject

from tipd.model.dns import A, Answer, Outcome
from tipd.modules.fastflux.settings import FluxSettings
from tipd.modules.fastflux.wildcards import AGAIN, LABELS, LENGTH, PAUSE, SOON, Wildcards

YES = Answer(Outcome.NOERROR, rdata=packed("192.0.2.1"))


def wildcards(resolver, *names, tags=("mine",)):
    return Wildcards(resolver, Tracker(*names), FluxSettings(wildcard_tags=tags), random.Random(1), SILENT)


async def test_three_labels_that_nobody_registered_make_a_wildcard(autojump_clock):
    resolver = Resolver({A: YES})
    found = wildcards(resolver)
    assert await found.attempt("example.org") is True
    labels = {name.removesuffix(".example.org") for name, _ in resolver.asked}
    assert len(labels) == LABELS >= 3
    assert all(len(label) == LENGTH for label in labels)
    assert found.zone_of("www.example.org", "example.org") == "example.org"
    assert found.zone_of("a.b.example.org", "example.org") == "example.org"
    assert found.zone_of("example.org", "example.org") is None, "a zone is no name below itself"
    assert found.zone_of("www.example.net", "example.net") is None
    assert found.found() == ["example.org"]


async def test_one_label_that_is_not_there_says_that_it_is_none(autojump_clock):
    answers = iter([YES, YES, Answer(Outcome.NXDOMAIN)])
    resolver = Resolver({A: lambda _: next(answers)})
    found = wildcards(resolver)
    assert await found.attempt("example.org") is False
    assert found.zone_of("www.example.org", "example.org") is None
    assert await wildcards(Resolver({A: Answer(Outcome.NODATA)})).attempt("example.org") is False


async def test_trouble_and_policy_say_nothing_and_it_is_tried_again_soon(autojump_clock):
    for outcome in (Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT, Outcome.POLICY):
        resolver = Resolver({A: Answer(outcome)})
        found = wildcards(resolver, subject("www.example.org", tags=("mine",)))
        assert await found.attempt("example.org") is None
        assert found.zone_of("www.example.org", "example.org") is None
        resolver.zone = {A: YES}
        with trio.move_on_after(SOON + 2 * PAUSE):
            await found.run()
        assert found.zone_of("www.example.org", "example.org") == "example.org"


async def test_only_names_with_a_tag_are_tried_and_only_where_tags_are_chosen(autojump_clock):
    names = (subject("a.example.org", tags=("mine", "x")), subject("b.example.net", tags=("other",)))
    resolver = Resolver()
    with trio.move_on_after(AGAIN / 2):
        await wildcards(resolver, *names).run()
    assert {name.partition(".")[2] for name, _ in resolver.asked} == {"example.org"}
    resolver = Resolver()
    with trio.fail_after(1):
        await wildcards(resolver, *names, tags=()).run()
    assert resolver.asked == []


async def test_a_wildcard_below_the_registrable_domain_is_found_too(autojump_clock):
    def answer(name):
        return YES if name.endswith(".pool.example.org") else Answer(Outcome.NXDOMAIN)

    found = wildcards(Resolver({A: answer}), subject("a.pool.example.org", tags=("mine",)))
    with trio.move_on_after(60):
        await found.run()
    assert found.zone_of("b.pool.example.org", "example.org") == "pool.example.org"
    assert found.zone_of("www.example.org", "example.org") is None


async def test_a_zone_is_tried_once_a_day(autojump_clock):
    resolver = Resolver({A: YES})
    found = wildcards(resolver, *[subject(f"n{n}.example.org", tags=("mine",)) for n in range(100)])
    with trio.move_on_after(AGAIN - PAUSE):
        await found.run()
    assert len(resolver.asked) == LABELS


async def test_it_asks_nothing_while_it_may_not(autojump_clock):
    resolver = Resolver({A: YES})
    found = wildcards(resolver, subject("a.example.org", tags=("mine",)))
    with trio.move_on_after(3600):
        await found.run(lambda: False)
    assert resolver.asked == []


async def test_a_zone_too_long_for_another_label_is_none(autojump_clock):
    resolver = Resolver({A: YES})
    assert await wildcards(resolver).attempt(".".join(["a" * 60] * 4)) is False
    assert resolver.asked == []
