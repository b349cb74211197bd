"""The agent's parts on one state folder."""

import shutil
import sqlite3

import msgspec
import pytest
import trio
from support.agents import config, hashes, host, records
from support.maildirs import Maildir, mail

from tipd.agent.chain import Chain
from tipd.agent.host import open_keys
from tipd.agent.loop import once
from tipd.agent.protocol import Manifest
from tipd.errors import ConfigError, TryAgain
from tipd.mail.view import View


@pytest.fixture
def maildir(tmp_path) -> Maildir:
    return Maildir(tmp_path / "Maildir")


def run(settings, clock=None) -> dict[str, list[str]]:
    """Take and seal all there is; return the hashes in each view."""
    opened = host(settings, clock)
    trio.run(once, opened)
    found = {view: hashes(chain) for view, chain in opened.chains.items()}
    opened.close()
    return found


def test_two_agents_on_one_state_folder(tmp_path, maildir):
    first = host(config(tmp_path, maildir.path))
    with pytest.raises(TryAgain, match="another agent works on it"):
        host(config(tmp_path, maildir.path))
    first.close()
    host(config(tmp_path, maildir.path)).close()


def test_what_is_wrong_lets_go_of_the_folder(tmp_path, maildir):
    with pytest.raises(ConfigError, match="there is no view 'none'"):
        host(_without_view(tmp_path, maildir))
    host(config(tmp_path, maildir.path)).close()


def _without_view(tmp_path, maildir):
    settings = config(tmp_path, maildir.path)
    return msgspec.structs.replace(settings, agent=msgspec.structs.replace(settings.agent, views=("none",)))


def test_a_chain_of_another_agent_is_not_continued(tmp_path, maildir):
    maildir.deliver(mail(1))
    run(config(tmp_path, maildir.path))
    with pytest.raises(ConfigError, match="was sealed by the agent 'mx1', and this one is 'mx2'"):
        host(config(tmp_path, maildir.path, name="mx2"))


def test_a_chain_whose_key_is_lost_is_refused_at_the_start(tmp_path, maildir):
    maildir.deliver(mail(1))
    run(config(tmp_path, maildir.path))
    shutil.rmtree(tmp_path / "state" / "keys")
    with pytest.raises(ConfigError, match="is missing: the chain it signs cannot be continued without it"):
        host(config(tmp_path, maildir.path))


def test_a_view_that_is_added_gets_what_comes_from_then_on(tmp_path, maildir):
    settings = config(tmp_path, maildir.path, views={"mine": View(fields=("urls",), tlp="red", licence="CC0")})
    maildir.deliver(mail(1))
    run(settings)
    opened = host(settings)
    opened.add_view("mine")
    opened.add_view("mine")
    maildir.deliver(mail(2))
    trio.run(once, opened)
    (record,) = records(opened.chains["mine"])
    assert record.keys() == {"sha256", "at", "size", "urls"}
    manifest = msgspec.json.decode(opened.chains["mine"].manifest(1), type=Manifest)
    assert (manifest.agent, manifest.view, manifest.tlp, manifest.licence) == ("mx1", "mine", "red", "CC0")
    with pytest.raises(ConfigError, match=r"no view 'min' \(did you mean 'mine'"):
        opened.add_view("min")
    opened.close()


@pytest.mark.parametrize(
    ("full", "given"),
    [
        (View(), True),
        (View(maildirs=("here",)), True),
        (View(maildirs=("/elsewhere/*",)), False),
        (View(delay="36500d"), False),
    ],
)
def test_raw_mails_are_given_of_what_the_view_shows(tmp_path, maildir, full, given):
    import hashlib

    maildir.deliver(mail(1))
    if given and full.maildirs:
        full = View(maildirs=(f"{maildir.path.parent}/*",))
    opened = host(config(tmp_path, maildir.path, views={"full": full}))
    trio.run(once, opened)
    assert (opened.raw(hashlib.sha256(mail(1)).hexdigest()) is not None) is given
    opened.close()


def test_raw_mails_are_given_while_they_lie_there(tmp_path, maildir):
    import bz2
    import hashlib

    raws = [mail(n) for n in range(4)]
    names = [maildir.deliver(raw) for raw in raws[:2]]
    maildir.deliver(bz2.compress(raws[2]))
    (tmp_path / "mbox").write_bytes(b"From a\n" + raws[3] + b"\nFrom b\n\n")
    opened = host(config(tmp_path, maildir.path, tmp_path / "mbox"))
    trio.run(once, opened)
    maildir.read(names[0])
    assert [opened.raw(hashlib.sha256(raw).hexdigest()) for raw in raws] == raws
    (maildir.path / "new" / names[1]).unlink()
    assert opened.raw(hashlib.sha256(raws[1]).hexdigest()) is None
    assert opened.raw("00" * 32) is None
    assert opened.raw("../etc") is None
    assert opened.ledger.where(hashlib.sha256(raws[0]).digest()).parent.name == "cur"
    assert opened.ledger.where(hashlib.sha256(raws[3]).digest()) is None
    opened.close()


def test_a_broken_ledger_is_put_aside_and_learns_from_the_sealed_folders(tmp_path, maildir):
    for n in range(3):
        maildir.deliver(mail(n))
    settings = config(tmp_path, maildir.path)
    before = run(settings)
    (tmp_path / "state" / "ledger.sqlite").write_bytes(b"no database at all" * 1000)
    maildir.deliver(mail(9))
    after = run(settings)
    for view in ("urls", "redacted"):
        assert after[view][:3] == before[view]
        assert len(after[view]) == len(set(after[view])) == 4
    assert (tmp_path / "state" / "ledger.sqlite.broken1").exists()


def test_a_full_disk_does_not_cost_the_ledger(tmp_path, maildir, monkeypatch):
    host(config(tmp_path, maildir.path)).close()

    def full(*_words, **_more):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("tipd.agent.ledger.sqlite3.connect", full)
    with pytest.raises(sqlite3.OperationalError):
        host(config(tmp_path, maildir.path))
    monkeypatch.undo()
    host(config(tmp_path, maildir.path)).close()
    assert not list((tmp_path / "state").glob("*broken*"))


def test_withdrawals_reach_every_view(tmp_path, maildir):
    maildir.deliver(mail(1))
    settings = config(tmp_path, maildir.path)
    found = run(settings)["urls"]
    opened = host(settings)
    assert opened.raw(found[0]) is not None
    assert opened.withdraw(found, "erasure") == 2
    assert opened.raw(found[0]) is None
    trio.run(once, opened)
    for chain in opened.chains.values():
        assert [chain.has_body(n) for n in (1, 2)] == [False, True]
        assert msgspec.json.decode(chain.manifest(chain.last), type=Manifest).withdraws == tuple(found)
    opened.close()


def test_the_whole_state_folder_lost_begins_anew(tmp_path, maildir):
    maildir.deliver(mail(1))
    settings = config(tmp_path, maildir.path)
    first = run(settings)
    key = open_keys(settings).public
    shutil.rmtree(tmp_path / "state")
    assert run(settings) == first
    assert open_keys(settings).public != key  # and readers, who pinned the old one, refuse it


def test_retention_is_for_each_view(tmp_path, maildir):
    for n in range(3):
        maildir.deliver(mail(n))
    opened = host(config(tmp_path, maildir.path, seal_records=1, keep_size="0"))
    trio.run(once, opened)
    assert opened.retain() == 4
    assert [(chain.first, chain.last) for chain in opened.chains.values()] == [(3, 3), (3, 3)]
    assert [link.state for link in Chain(opened.chains["urls"].folder).check()] == ["tombstone", "tombstone", "good"]
    opened.close()
