"""The miniature Internet: every feed is served, declared, read, and behaves as it is named."""

from pathlib import Path

import pytest
import trio

from demo import sources, world
from demo.server import Server
from demo.signed import Provider
from tipd.modules.blacklist import catalogue, trial
from tipd.modules.blacklist.settings import BlacklistSettings


@pytest.fixture
def declared(tmp_path):
    certificate = tmp_path / "provider.asc"
    fingerprint = Provider().write_certificate(certificate)
    sources.write(tmp_path / "sources.d", "http://127.0.0.1:1", "http://127.0.0.1:2", certificate, fingerprint)
    settings = BlacklistSettings(catalogue=False, sources_dirs=(str(tmp_path / "sources.d"),))
    found = catalogue.load(settings)
    assert found.errors == ()
    assert found.ok.keys() >= {"demo_partner", "demo_signed", "demo_reports"}
    return settings, {name: source for name, source in found.ok.items() if path_of(source) in world.FEEDS}


def path_of(source):
    return "/" + source.url.rsplit("/", 1)[-1]


def tried(settings, source, page, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(page.body)
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return trial.run(trial.find(source.name, settings, body), body, scratch).result


def feed_of(source):
    return world.FEEDS[path_of(source)]


def test_every_feed_is_declared_once(declared):
    _, found = declared
    assert sorted(feed_of(source).__name__ for source in found.values()) == sorted(
        feed.__name__ for feed in world.FEEDS.values()
    )
    assert len(found) >= 12


def test_every_feed_is_read_without_a_bad_row_but_the_poisoned_one(declared, tmp_path):
    settings, found = declared
    for source in found.values():
        result = tried(settings, source, feed_of(source)(0), tmp_path)
        assert result.entries > 1, source.name
        assert bool(result.refused) is (source.name == "demo_poisoned"), (source.name, result.refused)


def test_the_poison_is_refused_and_what_is_honest_stays(declared, tmp_path):
    settings, found = declared
    result = tried(settings, found["demo_poisoned"], world.poisoned(0), tmp_path)
    assert (result.entries, sum(result.refused.values())) == (2, 7)


def test_feeds_change_from_round_to_round_but_slowly():
    for path in ("/levels.txt", "/urls.csv", "/hosts.txt", "/sshd.txt"):
        first, second = (set(world.FEEDS[path](number).body.splitlines()) for number in (0, 1))
        assert first != second, path
        assert len(first & second) > len(first) / 5, path


def test_one_is_slow_one_dies_one_becomes_a_page_and_one_shrinks():
    assert world.slow(0).delay > 0
    assert [world.dying(number).status for number in (0, 9)] == [200, 410]
    assert world.becomes_page(9).body.startswith(b"<!DOCTYPE html>")
    assert len(world.shrinking(9).body) < len(world.shrinking(0).body) / 5


def test_only_documentation_addresses_and_names_stand_in_it():
    text = b"\n".join(feed(0).body for path, feed in world.FEEDS.items() if not path.endswith(".gz")).decode()
    for word in text.replace('"', " ").replace("/", " ").replace(",", " ").split():
        assert not word.endswith((".com", ".net", ".de")), word


def test_an_unknown_path_is_not_there():
    assert Server(round_number=lambda: 0).page("/nothing").status == 404


def test_the_declarations_are_files_an_operator_could_have_written(declared):
    settings, _ = declared
    folder = Path(settings.sources_dirs[0])
    assert all((folder / f"{name}.toml").read_text().startswith('name = "demo_') for name in sources.DECLARATIONS)


async def test_the_world_begins_when_somebody_looks(autojump_clock):
    """A daemon that starts slowly sees the good list before the page that takes its place."""
    server = Server()
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        await trio.sleep(10 * world.ROUND_SECONDS)
        assert server.page("/page.txt").content_type != "text/html"
        await trio.sleep(3 * world.ROUND_SECONDS)
        assert server.page("/page.txt").content_type == "text/html"
        nursery.cancel_scope.cancel()
